import { badRequest, expired, StatusError } from '../api/status-error.ts';
import { apiVersionOf } from '../resources/resource-definition.ts';
import { createSelector } from '../selectors/selector.ts';
import type { Selector } from '../selectors/selector.ts';
import type { StoredRecord } from '../storage/change-log.ts';
import { inVersion } from './api.ts';
import type { Api, ResourceRequest } from './api.ts';
import type { KubernetesObject } from '../api/object.ts';

/** One page of a list. */
export interface ObjectList {
  resourceVersion: string;
  records: StoredRecord[];
  continue: string | undefined;
  remaining: number | undefined;
}

interface ContinueToken {
  rv: number;
  after: string;
}

/**
 * GET of a collection: the objects that the query selects, a page of them where it sets `limit`. Later pages show the state of the
 * first one. @throws StatusError 400 for a malformed query, 410 when that state is compacted, 504 for a revision yet to come.
 */
export function listObjects(api: Api, request: ResourceRequest): ObjectList {
  const { definition, namespace, query } = request;
  const selector = selectorOf(request);
  const limit = wholeNumber(query, 'limit') ?? 0;
  const token = readToken(query.get('continue'));
  const rv = token?.rv ?? exactRevision(api, query) ?? api.store.stagedResourceVersion;
  const all =
    rv === api.store.stagedResourceVersion
      ? api.store.list(definition.storage, namespace)
      : api.store.listAt(definition.storage, namespace, rv);
  if (all === undefined)
    throw expired(
      token
        ? 'The provided continue parameter is too old to display a consistent list result. List again without it.'
        : `The resourceVersion for the provided list is too old: ${rv}`,
    );
  const selected = all.filter((record) => selector.matches(record) && (token === undefined || keyOf(record) > token.after));
  const page = limit > 0 ? selected.slice(0, limit) : selected;
  const more = page.length < selected.length;
  return {
    resourceVersion: String(rv),
    records: page,
    continue: more ? writeToken({ rv, after: keyOf(page.at(-1)!) }) : undefined,
    remaining: more ? selected.length - page.length : undefined,
  };
}

/** The selector that a list, watch or deletecollection asks for. */
export function selectorOf({ definition, namespace, name, query }: ResourceRequest): Selector {
  return createSelector(definition, {
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
  });
}

/** A list as JSON; the objects are not parsed for it, except where the version has another shape than the stored one. */
export function listJson({ definition }: ResourceRequest, list: ObjectList): string {
  const metadata = {
    resourceVersion: list.resourceVersion,
    ...(list.continue === undefined ? {} : { continue: list.continue, remainingItemCount: list.remaining }),
  };
  const items = definition.convert
    ? list.records.map(({ json }) => JSON.stringify(inVersion(definition, JSON.parse(json) as KubernetesObject)))
    : list.records.map(({ json }) => json);
  const head = JSON.stringify({ kind: definition.listKind, apiVersion: apiVersionOf(definition), metadata });
  return `${head.slice(0, -1)},"items":[${items.join(',')}]}`;
}

/** The value of a query parameter that counts something. @throws StatusError 400 when it does not. */
export function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`${name}: Invalid value: ${JSON.stringify(text)}: must be a whole number`);
  return Number(text);
}

/** Unset, 0 and NotOlderThan are answered with the newest state, which is never older (KEP-1904). */
function exactRevision(api: Api, query: URLSearchParams): number | undefined {
  const rv = wholeNumber(query, 'resourceVersion') ?? 0;
  if (rv > api.store.stagedResourceVersion) {
    throw new StatusError(504, 'Timeout', `Too large resource version: ${rv}, current: ${api.store.resourceVersion}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    });
  }
  return query.get('resourceVersionMatch') === 'Exact' ? rv : undefined;
}

function keyOf({ namespace, name }: StoredRecord): string {
  return `${namespace}/${name}`;
}

function writeToken(token: ContinueToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function readToken(text: string | null): ContinueToken | undefined {
  if (text === null || text === '') return undefined;
  try {
    const { rv, after } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Partial<ContinueToken>;
    if (Number.isSafeInteger(rv) && typeof after === 'string') return { rv: rv!, after };
  } catch {
    // not one of ours
  }
  throw badRequest('continue key is not valid');
}
