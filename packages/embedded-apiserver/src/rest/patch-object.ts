import jsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';
import { isObject } from '../api/object.ts';
import { badRequest, unsupportedMediaType } from '../api/status-error.ts';
import type { Api, ObjectAnswer, ResourceRequest } from './api.ts';
import { inapplicable, mergePatch, strategicMergePatch } from './merge-patch.ts';
import { updateObject } from './update-object.ts';

/** As kube-apiserver: more operations in one patch are refused. */
const maximumOperations = 10_000;
/** As kube-apiserver: a copy of a copy of a copy doubles each time. */
const maximumCopiedBytes = 3 * 1024 * 1024;

/** PATCH: stages the object changed by a patch of the given media type. @throws StatusError 415 for a type that is not read. */
export function patchObject(api: Api, request: ResourceRequest, mediaType: string, patch: unknown): ObjectAnswer {
  const apply = patchers[mediaType];
  if (apply === undefined) throw unsupportedMediaType(patchRefusal(mediaType));
  if (mediaType === strategic && request.definition.needsResourceVersion) {
    throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${json}, ${merge}`);
  }
  return updateObject(api, request, (current) => apply(current, patch));
}

const json = 'application/json-patch+json';
const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';

/** How each accepted media type changes an object, which stays as it is. */
export const patchers: Record<string, (current: object, patch: unknown) => unknown> = {
  [json]: applyOperations,
  [merge]: (current, patch) => mergePatch(current, expectPatch(patch)),
  [strategic]: (current, patch) => strategicMergePatch(current, expectPatch(patch)),
};

/** Why a patch of another media type is refused. */
export function patchRefusal(mediaType: string): string {
  if (mediaType.startsWith('application/apply-patch')) {
    return 'server-side apply is not served here: use client-side apply (kubectl apply without --server-side) or a merge patch';
  }
  return `the body of the request was in an unknown format - accepted media types include: ${json}, ${merge}, ${strategic}`;
}

function expectPatch(patch: unknown): object {
  if (!isObject(patch)) throw badRequest('a merge patch has to be a JSON object');
  return patch;
}

function applyOperations(current: object, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch has to be a list of operations');
  if (patch.length > maximumOperations) throw badRequest(`a JSON patch has at most ${maximumOperations} operations`);
  let document: unknown = structuredClone(current);
  let copied = 0;
  for (const [index, operation] of (patch as Operation[]).entries()) {
    try {
      if (operation.op === 'copy') copied += JSON.stringify(jsonPatch.getValueByPointer(document, operation.from) ?? null).length;
      if (copied > maximumCopiedBytes) throw new Error(`its copies make more than ${maximumCopiedBytes} bytes`);
      document = jsonPatch.applyOperation(document, operation, true, true, true, index).newDocument;
    } catch (error) {
      throw inapplicable((error as Error).message.split('\n')[0]!);
    }
  }
  return document;
}
