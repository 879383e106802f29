import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { KdrError } from '@kdr/api-types';
import type { Logger } from 'pino';

/** A certificate chain and its key, PEM. */
export interface TlsPair {
  cert: string;
  key: string;
}

const LOOK_AGAIN_MS = 10_000;
const FIRST_LOOK_MS = 500;

/** @throws Error where a file is missing, is no PEM, or the two do not belong together */
async function readPair(directory: string): Promise<TlsPair> {
  const [cert, key] = await Promise.all(['tls.crt', 'tls.key'].map((name) => readFile(join(directory, name), 'utf8')));
  createSecureContext({ cert, key });
  // OpenSSL takes a pair that does not fit together and then refuses every handshake.
  if (!new X509Certificate(cert!).checkPrivateKey(createPrivateKey(key!))) throw new Error('tls.key is not the key of tls.crt');
  return { cert: cert!, key: key! };
}

/**
 * Reads `tls.crt` and `tls.key`; waits for them, since the Secret may be made by a master that starts at the same time.
 * @throws KdrError KDR_LISTEN_INVALID when they are not there after `patienceMs`
 */
export async function awaitTlsPair(directory: string, patienceMs: number, log: Logger): Promise<TlsPair> {
  for (const until = performance.now() + patienceMs; ; await sleep(FIRST_LOOK_MS)) {
    try {
      return await readPair(directory);
    } catch (cause) {
      const message = `KDR_PLUGIN_TLS_DIR: ${directory} holds no certificate with its key: ${(cause as Error).message}`;
      if (performance.now() >= until) throw new KdrError('KDR_LISTEN_INVALID', message, { cause });
      log.debug(message);
    }
  }
}

/**
 * Has a server use another pair once the files hold one; running connections go on. A pair that is half written or does not fit together is
 * passed over, and looked at again.
 * @returns how to stop
 */
export function followTlsPair(directory: string, server: Server, first: TlsPair, log: Logger, everyMs = LOOK_AGAIN_MS): () => void {
  let used = first;
  const look = async (): Promise<void> => {
    try {
      const now = await readPair(directory);
      if (now.cert === used.cert && now.key === used.key) return;
      server.setSecureContext(now);
      used = now;
      log.info({ directory }, 'the serving certificate was replaced');
    } catch (err) {
      log.warn({ err, directory }, 'the serving certificate can’t be read; the one in hand goes on');
    }
  };
  const timer = setInterval(() => void look(), everyMs).unref();
  return () => clearInterval(timer);
}
