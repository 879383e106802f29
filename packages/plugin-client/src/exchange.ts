import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { CallDeadline } from './call-deadline.ts';
import { badAnswer } from './json-body.ts';
import { PluginError } from './plugin-error.ts';

// A kept connection that the plugin closed just before it was used: nothing is wrong with the plugin.
const STALE = new Set(['ECONNRESET', 'EPIPE']);

/** Thrown inside the client only: the request met a stale kept connection and may be sent again. */
export class StaleConnection extends Error {}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function connectionError(name: string, cause: unknown, sent: boolean): PluginError {
  const what = cause instanceof Error ? cause.message : String(cause);
  if (codeOf(cause).startsWith('HPE_')) return badAnswer(name, `the answer is not HTTP (${what})`, cause);
  return sent
    ? new PluginError('KDR_PLUGIN_DISCONNECTED', `${name}: the connection broke before the answer was complete (${what})`, {
        retryable: true,
        sent,
        cause,
      })
    : new PluginError('KDR_PLUGIN_UNREACHABLE', `${name}: ${what}`, { retryable: true, sent, cause });
}

/**
 * Sends one request and has its answer read, all before the deadline. Whatever goes wrong, the connection is destroyed and a PluginError is
 * thrown, with `sent` false only where no connection (with TLS: no session) came about.
 */
export async function exchange<T>(
  name: string,
  request: ClientRequest,
  body: string | undefined,
  deadline: CallDeadline,
  read: (response: IncomingMessage) => Promise<T>,
): Promise<T> {
  let sent = false;
  let answered = false;
  const onAbort = () => request.destroy();
  request.once('socket', (socket: Socket) => {
    if (socket.connecting) socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => (sent = true));
    else sent = true;
  });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason as Error), { once: true });
      deadline.signal.addEventListener('abort', onAbort, { once: true });
      deadline.signal.throwIfAborted();
      request.once('response', resolve).once('error', reject).end(body);
    });
    answered = true;
    return await read(response);
  } catch (cause) {
    request.on('error', () => undefined).destroy();
    if (deadline.signal.aborted) throw deadline.error(sent);
    if (cause instanceof PluginError) throw cause;
    if (cause instanceof ForeignError) throw cause.original;
    if (request.reusedSocket && !answered && STALE.has(codeOf(cause))) throw new StaleConnection();
    throw connectionError(name, cause, sent);
  } finally {
    deadline.signal.removeEventListener('abort', onAbort);
  }
}

/** Carries an error of the caller's own code (a full disk) through `exchange` unchanged. */
export class ForeignError extends Error {
  readonly original: unknown;
  constructor(original: unknown) {
    super('the caller’s own code threw');
    this.original = original;
  }
}
