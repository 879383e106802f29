import type { ObjectMeta } from '@kdr/api-types';
import { type ApiClient, ApiError, type ListOptions, type ResourceType, sleep, systemClock } from '@kdr/controller-runtime';

interface Watched {
  metadata: ObjectMeta;
}

/** A server or proxy that ends watches at once must not be asked without a pause. */
const PAUSE_MS = 1_000;

/**
 * Tells of every change from a version on until the signal aborts. A watch that the server ends (it does so every few minutes) is opened again
 * where it ended; one whose version is too old starts at what is there now, of which only what is new is told.
 */
export async function followChanges<T extends Watched>(
  client: ApiClient,
  type: ResourceType,
  options: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector' | 'resourceVersion'> & { signal: AbortSignal },
  onChange: (item: T) => void,
): Promise<void> {
  const { signal, ...selection } = options;
  let { resourceVersion } = options;
  const told = new Map<string, string | undefined>();
  const tell = (item: T) => {
    const { uid, name } = item.metadata;
    if (told.get(uid ?? name) === item.metadata.resourceVersion) return;
    told.set(uid ?? name, item.metadata.resourceVersion);
    onChange(item);
  };
  while (!signal.aborted) {
    try {
      for await (const event of client.watch<T>(type, { ...selection, resourceVersion, signal })) {
        resourceVersion = (event.object as Watched).metadata.resourceVersion ?? resourceVersion;
        if (event.type !== 'BOOKMARK') tell(event.object as T);
        if (event.type === 'DELETED') told.delete((event.object as Watched).metadata.uid ?? '');
      }
      await sleep(systemClock, PAUSE_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError) || !error.isGone) throw error;
      const list = await client.list<T>(type, { ...selection, resourceVersion: undefined, signal });
      resourceVersion = list.metadata.resourceVersion;
      list.items.forEach(tell);
    }
  }
}
