import type { KubernetesObject } from '../api/object.ts';
import { inVersion } from '../rest/api.ts';
import type { ResourceRequest } from '../rest/api.ts';
import { listJson } from '../rest/list-objects.ts';
import type { ObjectList } from '../rest/list-objects.ts';
import type { ObjectForm } from './negotiation.ts';

/** From what is stored to what a client asked for. */
export interface ObjectEncoding {
  one(json: string): string;
  list(list: ObjectList): string;
  /** For the events of one watch; undefined where stored JSON goes out as it is. */
  event: ((json: string) => string) | undefined;
}

/** How to answer a request in a form. The rows of a table carry what `includeObject` says: None, Metadata (default) or Object. */
export function objectEncoding(request: ResourceRequest, form: ObjectForm): ObjectEncoding {
  const { definition } = request;
  const read = (json: string) => inVersion(definition, JSON.parse(json) as KubernetesObject);
  if (form === 'object') {
    const convert = definition.convert ? (json: string) => JSON.stringify(read(json)) : undefined;
    return { one: convert ?? ((json) => json), list: (list) => listJson(request, list), event: convert };
  }
  if (form === 'metadata') {
    const one = (json: string) => JSON.stringify(metadataOnly(read(json)));
    return { one, event: one, list: (list) => metadataList(list, (json) => metadataOnly(read(json))) };
  }
  return tableEncoding(request, read);
}

function metadataOnly({ metadata }: KubernetesObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function metadataList(list: ObjectList, one: (json: string) => object): string {
  const items = list.records.map(({ json }) => one(json));
  return JSON.stringify({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: listMetadata(list), items });
}

function listMetadata(list: ObjectList): object {
  return {
    resourceVersion: list.resourceVersion,
    ...(list.continue === undefined ? {} : { continue: list.continue, remainingItemCount: list.remaining }),
  };
}

function tableEncoding({ definition, query }: ResourceRequest, read: (json: string) => KubernetesObject): ObjectEncoding {
  const { printer } = definition;
  const included = query.get('includeObject') ?? 'Metadata';
  const carried = (object: KubernetesObject) => (included === 'None' ? null : included === 'Object' ? object : metadataOnly(object));
  const row = (json: string) => {
    const object = read(json);
    return { cells: printer.cells(object), object: carried(object) };
  };
  const table = (metadata: object, rows: object[], withColumns: boolean) =>
    JSON.stringify({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
      columnDefinitions: withColumns ? printer.columnDefinitions : null,
      rows,
    });
  let first = true;
  return {
    one: (json) => table({ resourceVersion: read(json).metadata.resourceVersion }, [row(json)], true),
    list: (list) =>
      table(
        listMetadata(list),
        list.records.map(({ json }) => row(json)),
        true,
      ),
    event(json) {
      const withColumns = first; // later tables of a watch leave the columns out, as kube-apiserver does
      first = false;
      return table({ resourceVersion: read(json).metadata.resourceVersion }, [row(json)], withColumns);
    },
  };
}
