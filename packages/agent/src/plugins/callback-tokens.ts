import { randomBytes } from 'node:crypto';
import type { Callback } from '@kdr/api-types';
import type { Work } from '../abnormal/work.ts';
import type { RegisteredPlugin } from './registered-plugin.ts';

/** Who may ask back, about what, and how often still. */
export interface CallbackGrant {
  work: Work;
  plugin: RegisteredPlugin;
  /** Names of the plugins that asked on the way here, the present one last: nobody is asked twice in one line. */
  line: readonly string[];
  callsLeft: number;
}

/** Tokens that are valid for one Abnormal and one call. */
export interface CallbackTokens {
  /** `close` ends the token. */
  open(work: Work, plugin: RegisteredPlugin, line: readonly string[]): { callback: Callback; close: () => void };
  find(token: string): CallbackGrant | undefined;
}

/** @param calls questions back in one call. */
export function createCallbackTokens(socket: string, calls: number): CallbackTokens {
  const grants = new Map<string, CallbackGrant>();
  return {
    open: (work, plugin, line) => {
      const token = randomBytes(24).toString('base64url');
      grants.set(token, { work, plugin, line, callsLeft: calls });
      return { callback: { socket, token }, close: () => void grants.delete(token) };
    },
    find: (token) => grants.get(token),
  };
}
