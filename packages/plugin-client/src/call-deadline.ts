import { PluginError } from './plugin-error.ts';

/** One deadline for a whole call: waiting for a turn, name resolution, connection, request, answer. On the monotonic clock. */
export interface CallDeadline {
  signal: AbortSignal;
  /** The error of a call that `signal` ended. */
  error(sent: boolean): PluginError;
  /** Stops the clock. */
  end(): void;
}

/** Starts it. `cancel` is the caller's own signal, which may end the call earlier. */
export function startDeadline(name: string, timeoutMs: number, cancel?: AbortSignal): CallDeadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  const onCancel = () => controller.abort();
  if (cancel?.aborted) controller.abort();
  cancel?.addEventListener('abort', onCancel);
  return {
    signal: controller.signal,
    error: (sent) =>
      cancel?.aborted
        ? new PluginError('KDR_PLUGIN_ABORTED', `${name}: the caller gave up`, { retryable: false, sent, cause: cancel.reason })
        : new PluginError('KDR_PLUGIN_TIMEOUT', `${name}: no complete answer within ${timeoutMs} ms`, { retryable: true, sent }),
    end: () => {
      clearTimeout(timer);
      cancel?.removeEventListener('abort', onCancel);
    },
  };
}

/** What a promise gives, or the signal's reason, whichever comes first. */
export async function beforeAbort<T>(promise: T | Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = () => undefined as void;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
