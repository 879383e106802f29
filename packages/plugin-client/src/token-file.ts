import { readFile } from 'node:fs/promises';

/** The kubelet replaces a projected token at 80 % of its life (10 min at least), so that old and new overlap for two minutes or more. */
const KEPT_MS = 60_000;
/** More than any ServiceAccount token has. */
const MAX_CHARACTERS = 16_384;

/**
 * The bearer token in a file that is replaced from time to time: a projected ServiceAccount token with the audience `kdr.dev/plugins`. Read at
 * the first call and again when it is a minute old; while the file can't be read, the token in hand goes on.
 * @param now monotonic milliseconds
 * @returns what {@link createPluginClient} takes as `token`. It rejects while no token was ever read.
 */
export function tokenFromFile(path: string, now: () => number = () => performance.now()): () => Promise<string> {
  let token: string | undefined;
  let readAt = 0;
  return async () => {
    if (token !== undefined && now() - readAt < KEPT_MS) return token;
    try {
      token = checked(path, await readFile(path, 'utf8'));
      readAt = now();
    } catch (error) {
      if (token === undefined) throw error;
    }
    return token;
  };
}

function checked(path: string, text: string): string {
  const token = text.trim();
  if (token.length > 0 && token.length <= MAX_CHARACTERS && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new Error(`${path} holds no token`);
}
