import { type ApiClient, ApiError, type ResourceType } from '@kdr/controller-runtime';

/** An answer, or why there is none: it does not exist (or its kind is not served), or this user may not see it. */
export type Seen<T> = { state: 'found'; value: T } | { state: 'absent' } | { state: 'denied'; message: string };

/** Reads objects that may be absent or out of reach. Everything else (an unreachable server, say) is thrown. */
export interface Reader {
  get<T>(type: ResourceType, name: string, namespace?: string): Promise<Seen<T>>;
  list<T>(type: ResourceType, namespace?: string): Promise<Seen<T[]>>;
  /** A document of the API server, such as discovery. */
  document<T>(path: string): Promise<Seen<T>>;
}

/** No more of one kind is looked at. */
const MOST_OBJECTS = 5_000;
const PAGE = 500;

/** A reader on a client. */
export function createReader(client: ApiClient): Reader {
  return {
    get: (type, name, namespace) => seen(client.get(type, { namespace, name })),
    list: <T>(type: ResourceType, namespace?: string) => seen(pages<T>(client, type, namespace)),
    document: <T>(path: string) => seen(client.request('GET', path) as Promise<T>),
  };
}

async function pages<T>(client: ApiClient, type: ResourceType, namespace?: string): Promise<T[]> {
  const all: T[] = [];
  for (let token: string | undefined; ;) {
    const page = await client.list<T>(type, { namespace, limit: PAGE, continue: token });
    all.push(...page.items);
    token = page.metadata.continue;
    if (token === undefined || token === '' || all.length >= MOST_OBJECTS) return all;
  }
}

async function seen<T>(asked: Promise<T>): Promise<Seen<T>> {
  try {
    return { state: 'found', value: await asked };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.isNotFound) return { state: 'absent' };
    if (error.status === 403) return { state: 'denied', message: error.message };
    throw error;
  }
}
