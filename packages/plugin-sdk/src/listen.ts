import type { Server } from 'node:https';
import { KdrError } from '@kdr/api-types';
import type { Logger } from 'pino';
import type { Authorize } from './caller.ts';
import type { ListenConfig, SdkConfig } from './config.ts';
import type { Plugin } from './plugin.ts';
import { type TlsPair, awaitTlsPair, followTlsPair } from './tls-files.ts';
import { createTokenReview } from './token-review.ts';

/** TLS on ports instead of sockets. */
export interface Listen {
  /** Of the first plugin, the next on the next; 0: any. */
  port: number;
  /** Default `0.0.0.0`. */
  host?: string;
  tls: TlsPair;
  /** Whether a bearer token may call. */
  authorize: Authorize;
  /** Keeps the certificate of a listening server current. Returns how to stop. */
  follow?(server: Server): () => void;
}

const PATIENCE_MS = 60_000;

/** What `KDR_PLUGIN_LISTEN_PORT` and its kin ask for. @throws KdrError KDR_LISTEN_INVALID */
export async function listenFromEnvironment(config: ListenConfig, log: Logger): Promise<Listen> {
  const { port, host, tlsDirectory, callers, api } = config;
  const tls = await awaitTlsPair(tlsDirectory, PATIENCE_MS, log);
  return {
    ...{ port, host, tls, authorize: createTokenReview(api, callers) },
    follow: (server) => followTlsPair(tlsDirectory, server, tls, log),
  };
}

/**
 * Records of attempts in a container's own file system are gone with it, and two replicas know nothing of each other's: then nobody could tell
 * whether an act was done.
 * @throws KdrError KDR_LISTEN_INVALID
 */
export function checkAttempts(plugins: readonly Plugin[], { attemptsDirectory }: Pick<SdkConfig, 'attemptsDirectory'>): void {
  const recoverer = plugins.find(({ manifest }) => manifest.role === 'recoverer');
  if (recoverer === undefined || attemptsDirectory !== undefined) return;
  const message = `the recoverer ${recoverer.manifest.name} behind a port needs KDR_ATTEMPT_DIR on a volume that outlives its pod, and one replica`;
  throw new KdrError('KDR_LISTEN_INVALID', message);
}
