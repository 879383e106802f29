import type { Api, ResourceRequest } from './api.ts';
import { deleteRecord } from './delete-object.ts';
import type { DeleteOptions } from './delete-object.ts';
import { listJson, listObjects } from './list-objects.ts';

/** DELETE of a collection: stages the deletion of every selected object and returns them as a list. */
export function deleteCollection(api: Api, request: ResourceRequest, options: DeleteOptions): string {
  const list = listObjects(api, request);
  for (const record of list.records) deleteRecord(api, request, record, options);
  return listJson(request, list);
}
