import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { KdrError } from '@kdr/api-types';
import type { Caller } from './caller.ts';
import type { ApiServerAccess } from './config.ts';
import { httpCall } from './http-call.ts';

/** What a token must have been issued for, so that one meant for the API server is of no use here, and one meant for plugins none there. */
export const PLUGIN_AUDIENCE = 'kdr.dev/plugins';

/** How long a verdict counts: a token that is revoked is of use that much longer. */
const KEPT_MS = 60_000;
/** A no is forgotten sooner: whoever was just allowed should not wait. */
const KEPT_NO_MS = 5_000;
const MAX_ENTRIES = 1_024;
/** Reviews at once; more callers than that are sent away, so that nobody reaches the API server in numbers through a plugin. */
const MAX_RUNNING = 16;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 64 * 1024;
const NODE_NAME = 'authentication.kubernetes.io/node-name';
/** Every ServiceAccount token is a signed JWT; what is none need not be sent anywhere. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The fields of an authentication.k8s.io/v1 TokenReview that decide. */
interface TokenReview {
  status?: {
    authenticated?: boolean;
    error?: string;
    audiences?: string[];
    user?: { username?: string; extra?: Record<string, string[]> };
  };
}

/**
 * Judges bearer tokens by the API server's TokenReview: authenticated, issued for {@link PLUGIN_AUDIENCE}, and of one of the callers. Verdicts
 * are kept for up to a minute under the token's digest, 1,024 at most.
 * @param now monotonic milliseconds
 * @returns who it is, or undefined for no. It rejects with KDR_AUTHORIZER_UNAVAILABLE where no verdict could be had: also a no.
 */
export function createTokenReview(
  api: ApiServerAccess,
  callers: readonly string[],
  now: () => number = () => performance.now(),
): (token: string) => Promise<Caller | undefined> {
  const verdicts = new Map<string, { caller: Caller | undefined; until: number }>();
  const running = new Map<string, Promise<Caller | undefined>>();

  const remember = (digest: string, caller: Caller | undefined): void => {
    verdicts.delete(digest);
    verdicts.set(digest, { caller, until: now() + (caller ? KEPT_MS : KEPT_NO_MS) });
    for (const [oldest] of verdicts) {
      if (verdicts.size <= MAX_ENTRIES) return;
      verdicts.delete(oldest);
    }
  };
  const review = async (token: string, digest: string): Promise<Caller | undefined> => {
    try {
      const caller = callerOf(await ask(api, token), callers);
      remember(digest, caller);
      return caller;
    } catch (cause) {
      if (cause instanceof KdrError) throw cause;
      throw new KdrError('KDR_AUTHORIZER_UNAVAILABLE', `the token could not be reviewed: ${(cause as Error).message}`, { cause });
    } finally {
      running.delete(digest);
    }
  };

  return async (token) => {
    if (!JWT.test(token)) return undefined;
    const digest = createHash('sha256').update(token).digest('base64url');
    const known = verdicts.get(digest);
    if (known && now() < known.until) return known.caller;
    const asked = running.get(digest);
    if (asked) return asked;
    if (running.size >= MAX_RUNNING) throw new KdrError('KDR_AUTHORIZER_UNAVAILABLE', `${MAX_RUNNING} tokens are being reviewed already`);
    const asking = review(token, digest);
    running.set(digest, asking);
    return asking;
  };
}

async function ask({ server, tokenFile, caFile }: ApiServerAccess, token: string): Promise<TokenReview> {
  // Read each time: both files are replaced while the pod runs, and a review is rare.
  const [own, ca] = await Promise.all([readFile(tokenFile, 'utf8'), readFile(caFile, 'utf8')]);
  const { status, body } = await httpCall(
    { url: server, ca },
    {
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      headers: { authorization: `Bearer ${own.trim()}`, accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: [PLUGIN_AUDIENCE] } }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      maxBytes: MAX_BYTES,
    },
  );
  if (status === 200 || status === 201) return JSON.parse(body.toString()) as TokenReview;
  const why = status === 403 ? '; may this ServiceAccount create tokenreviews.authentication.k8s.io?' : '';
  throw new Error(`the API server answered ${status}${why}`);
}

/** An authenticator that knows no audiences leaves `audiences` away; that must not count as a yes (API reference of TokenReviewSpec). */
function callerOf({ status }: TokenReview, callers: readonly string[]): Caller | undefined {
  if (status?.authenticated !== true || !status.audiences?.includes(PLUGIN_AUDIENCE)) return undefined;
  const { username = '', extra } = status.user ?? {};
  if (!callers.includes(username)) return undefined;
  const node = extra?.[NODE_NAME]?.[0];
  return { user: username, ...(typeof node === 'string' && node !== '' && { node }) };
}
