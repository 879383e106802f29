import { type ApiClient, ApiError } from '@kdr/controller-runtime';

/**
 * A client that writes only while this process leads. Leadership is no fence, and a process that was stopped for a while learns late that it
 * has lost it: so it is asked by the clock right before each write. Reads pass.
 * @throws ApiError NotLeader instead of a write; the controller repeats it, and by then its term is over.
 */
export function leaderClient(client: ApiClient, isLeader: () => boolean): ApiClient {
  const guard = (): void => {
    if (!isLeader())
      throw new ApiError({ status: 0, reason: 'NotLeader', message: 'This process does not lead any more: nothing was written.' });
  };
  return {
    ...client,
    create: async (...args) => (guard(), client.create(...args)),
    replace: async (...args) => (guard(), client.replace(...args)),
    patch: async (...args) => (guard(), client.patch(...args)),
    delete: async (...args) => (guard(), client.delete(...args)),
  };
}
