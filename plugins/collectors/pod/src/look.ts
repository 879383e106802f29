import { type ApiClient, ApiError, eventType, podType } from '@kdr/controller-runtime';
import type { PodFindings } from './findings.ts';
import { newestEvents } from './newest-events.ts';
import type { Pod, PodEvent } from './pod.ts';
import { trimmed } from './trimmed.ts';

/** The Pod that is meant: the name leads to it, the UID says whether it is still the same. */
export interface PodReference {
  namespace: string;
  name: string;
  uid: string;
}

/** A Pod that has more Events than that within their hour of life is looked at all the same; the newest of the first page are given. */
const EVENTS_PAGE = 500;

/**
 * Reads the Pod from the API server's storage, not from a cache, and its Events. The clock is read after the Pod, so that a time which the Pod
 * names is never compared with an earlier one.
 * @throws ApiError where the Pod can't be read
 */
export async function look(client: ApiClient, reference: PodReference): Promise<PodFindings> {
  const { namespace, name, uid } = reference;
  const pod = await client.get<Pod>(podType, { namespace, name }).catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  });
  const now = (await client.serverTime()).toISOString();
  const found = { namespace, name, uid, now };
  if (pod === undefined) return { ...found, gone: true, why: 'NoSuchPod' };
  if (pod.metadata?.uid !== uid) return { ...found, gone: true, why: 'OtherUid' };
  return { ...found, gone: false, ...trimmed(pod), ...(await eventsOf(client, reference)) };
}

/** Events are a courtesy: what could not be read is said, and the rest given. */
async function eventsOf(client: ApiClient, { namespace, uid }: PodReference): Promise<Pick<PodFindings, 'events' | 'eventsNotRead'>> {
  try {
    const fieldSelector = `involvedObject.uid=${uid}`;
    const { items, metadata } = await client.list<PodEvent>(eventType, { namespace, fieldSelector, limit: EVENTS_PAGE });
    const more = metadata.continue ? { eventsNotRead: `it has more than ${EVENTS_PAGE} Events; these are the newest of so many` } : {};
    return { events: newestEvents(items), ...more };
  } catch (error) {
    return { eventsNotRead: (error as Error).message.slice(0, 512) };
  }
}
