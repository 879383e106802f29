import { readFileSync, statSync } from 'node:fs';
import { ApiError } from './api-error.ts';
import type { ApiServerConfig, TokenSource } from './api-server-config.ts';
import type { Clock } from './clock.ts';

/** The value of the Authorization header, kept current. */
export interface Credentials {
  authorization(): string | undefined | Promise<string | undefined>;
  /** Gets the token again, whatever its age. True when it is another one, so that a second try makes sense. */
  refresh(): boolean | Promise<boolean>;
}

/** How often the token file is looked at. The kubelet replaces a token at 80 % of its life, so old and new overlap for minutes. */
const LOOK_EVERY_MS = 10_000;

/** Credentials of a configuration: a token file, a fixed token, a source of tokens, or none (client certificate). */
export function createCredentials(config: ApiServerConfig, clock: Clock): Credentials {
  if (config.tokenFile !== undefined) return fileCredentials(config.tokenFile, clock);
  if (typeof config.token === 'function') return sourceCredentials(config.token);
  const fixed = config.token === undefined ? undefined : `Bearer ${config.token}`;
  return { authorization: () => fixed, refresh: () => false };
}

function sourceCredentials(source: TokenSource): Credentials {
  let last: string | undefined;
  const ask = async (rejected: boolean) => {
    const token = await source(rejected);
    last = token === undefined ? undefined : `Bearer ${token}`;
    return last;
  };
  return {
    authorization: () => ask(false),
    refresh: async () => {
      const before = last;
      return (await ask(true)) !== before;
    },
  };
}

function fileCredentials(path: string, clock: Clock): Credentials {
  let header = '';
  let modified = -1;
  let lookedAt = -Infinity;
  const refresh = (): boolean => {
    const before = header;
    lookedAt = clock.now();
    try {
      modified = statSync(path).mtimeMs;
      header = `Bearer ${readFileSync(path, 'utf8').trim()}`;
    } catch (cause) {
      // A file that is being replaced is missing for a moment: the token in hand is still good.
      if (header === '') throw unreadable(path, cause);
    }
    return header !== before;
  };
  const changed = (): boolean => {
    lookedAt = clock.now();
    try {
      return statSync(path).mtimeMs !== modified;
    } catch {
      return false;
    }
  };
  return {
    authorization: () => {
      if (header === '' || (clock.now() - lookedAt >= LOOK_EVERY_MS && changed())) refresh();
      return header;
    },
    refresh,
  };
}

function unreadable(path: string, cause: unknown): ApiError {
  return new ApiError({
    status: 0,
    reason: 'Unreachable',
    message: `The token file ${path} cannot be read; check that the volume is mounted.`,
    cause,
  });
}
