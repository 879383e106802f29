import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { SYSTEM_NAMESPACE } from '@kdr/api-types';
import type { PolicyUsers } from '@kdr/api-types/crd';
import type { Identity } from '@kdr/embedded-apiserver';

const account = (name: string) => `system:serviceaccount:${SYSTEM_NAMESPACE}:${name}`;

/** The components' user names: those of the chart's ServiceAccounts, so that the same admission policies hold here. */
export const USERS: PolicyUsers = { master: account('kdr-master'), agent: account('kdr-agent'), source: account('kdr-source') };

/** One secret per identity. */
export interface Tokens {
  master: string;
  agent: string;
  source: string;
  user: string;
}

/** Reads the tokens, or makes them at the first start: 256 random bits each, in a file that only its owner can read. */
export function loadTokens(file: string): Tokens {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Tokens;
  const token = () => randomBytes(32).toString('base64url');
  const tokens: Tokens = { master: token(), agent: token(), source: token(), user: token() };
  writeFileSync(file, JSON.stringify(tokens, undefined, 2), { mode: 0o600 });
  return tokens;
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
