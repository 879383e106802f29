import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { ObjectList } from './kubernetes-object.ts';
import type { ResourceType } from './resource-type.ts';

/** What a list or a watch is restricted to; the API server does the filtering. */
export interface Selection {
  namespace?: string;
  fieldSelector?: string;
  labelSelector?: string;
}

/** Objects per page: the page size of client-go's pager. */
const PAGE_LIMIT = 500;
/** A first list of a big cluster comes in one piece from the server's memory, whatever the limit says. */
const LIST_TIMEOUT_MS = 60_000;

/**
 * Lists everything, page by page, and hands over each item, so that at most one page is held at a time.
 * A continue token that has expired meanwhile (410) is answered with one list in a single piece, which cannot expire.
 * @param start is called before the first item, and again when the list starts over.
 * @returns the resourceVersion from which a watch continues this list.
 */
export async function listPages<T>(
  client: ApiClient,
  type: ResourceType,
  options: Selection & { resourceVersion: string; signal: AbortSignal },
  start: () => void,
  onItem: (item: T) => void,
): Promise<string> {
  const { resourceVersion, signal, ...selection } = options;
  const page = (extra: { limit?: number; continue?: string; resourceVersion?: string }): Promise<ObjectList<T>> =>
    client.list<T>(type, { ...selection, ...extra, signal, timeoutMs: LIST_TIMEOUT_MS });
  start();
  let list = await page({ limit: PAGE_LIMIT, resourceVersion });
  for (;;) {
    for (const item of list.items ?? []) onItem(item);
    const token = list.metadata?.continue;
    if (!token) return list.metadata?.resourceVersion ?? '';
    try {
      // With a continue token the resourceVersion must be left out: the token carries it.
      list = await page({ limit: PAGE_LIMIT, continue: token });
    } catch (error) {
      if (!(error instanceof ApiError && error.isGone)) throw error;
      start();
      list = await page({});
    }
  }
}
