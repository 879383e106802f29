import type { ApiClient } from '../api-client.ts';

/** A client that knows how many of its requests are not answered yet, so that a test waits for them and not for a time. */
export interface TrackedClient {
  client: ApiClient;
  /** Resolves when no more than `hanging` requests are under way and nobody is about to send another. */
  quiet(hanging?: number): Promise<void>;
}

export function trackRequests(inner: ApiClient): TrackedClient {
  let underWay = 0;
  const tracked = async <R>(act: () => Promise<R>): Promise<R> => {
    underWay += 1;
    try {
      return await act();
    } finally {
      underWay -= 1;
    }
  };
  const client: ApiClient = {
    ...inner,
    get: (...args) => tracked(() => inner.get(...args)),
    create: (...args) => tracked(() => inner.create(...args)),
    replace: (...args) => tracked(() => inner.replace(...args)),
  };
  const quiet = async (hanging = 0): Promise<void> => {
    for (let calm = 0; calm < 3;) {
      await new Promise((resolve) => setImmediate(resolve));
      calm = underWay <= hanging ? calm + 1 : 0;
    }
  };
  return { client, quiet };
}
