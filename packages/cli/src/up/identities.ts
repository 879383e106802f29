import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { KdrError, SYSTEM_NAMESPACE } from '@kdr/api-types';
import type { PolicyUsers } from '@kdr/api-types/crd';
import type { Identity } from '@kdr/embedded-apiserver';

const account = (name: string) => `system:serviceaccount:${SYSTEM_NAMESPACE}:${name}`;

/** The components' user names: those of the chart's ServiceAccounts, so that the same admission policies hold here. */
export const USERS: Required<PolicyUsers> = { master: account('kdr-master'), agent: account('kdr-agent'), source: account('kdr-source') };

/** One secret per identity. */
export interface Tokens {
  master: string;
  agent: string;
  source: string;
  user: string;
}

/**
 * Reads the tokens, or makes them at the first start: 256 random bits each, in a file that only its owner can read.
 * @throws KdrError KDR_UNREADABLE where the file holds something else.
 */
export function loadTokens(file: string): Tokens {
  if (existsSync(file)) return readTokens(file);
  const token = () => randomBytes(32).toString('base64url');
  const tokens: Tokens = { master: token(), agent: token(), source: token(), user: token() };
  // Whole or not at all: a disk that fills up must not leave half a file, which would stop every later start.
  writeFileSync(`${file}.new`, JSON.stringify(tokens, undefined, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return tokens;
}

function readTokens(file: string): Tokens {
  const why = `${file} holds no tokens: delete it, and the next start makes new ones`;
  try {
    const tokens = JSON.parse(readFileSync(file, 'utf8')) as Partial<Tokens> | null;
    const { master, agent, source, user } = tokens ?? {};
    if (master !== undefined && agent !== undefined && source !== undefined && user !== undefined) return { master, agent, source, user };
  } catch (cause) {
    throw new KdrError('KDR_UNREADABLE', why, { cause });
  }
  throw new KdrError('KDR_UNREADABLE', why);
}

/** Who may talk to the embedded server. Agent and sources carry the claim that a pod-bound token has in a cluster: their node. */
export function identities(tokens: Tokens, node: string, user: string): Identity[] {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${SYSTEM_NAMESPACE}`, 'system:authenticated'];
  const extra = { 'authentication.kubernetes.io/node-name': [node] };
  return [
    { token: tokens.master, user: { username: USERS.master, groups } },
    { token: tokens.agent, user: { username: USERS.agent, groups, extra } },
    { token: tokens.source, user: { username: USERS.source, groups, extra } },
    { token: tokens.user, user: { username: user, groups: ['system:masters', 'system:authenticated'] } },
  ];
}
