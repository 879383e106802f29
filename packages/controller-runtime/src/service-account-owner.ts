import { readFileSync } from 'node:fs';
import type { OwnerReference } from './kubernetes-object.ts';

/** The private claims of a bound token: "Schema for service account private claims" in Kubernetes' "Managing Service Accounts". */
interface Claims {
  'kubernetes.io'?: { namespace?: unknown; serviceaccount?: { name?: unknown; uid?: unknown } };
}

const MAX_TOKEN_BYTES = 64 * 1024;

/**
 * The ServiceAccount of a program's own token, as the owner of what the program creates for itself: the garbage collector removes that with the
 * account, such as when a release is uninstalled. It stands in the token's claims, so no right to read anything is needed. The signature is not
 * checked: it is our own token, and nothing is allowed because of it.
 *
 * @param namespace where the owned object is to be
 * @returns undefined for a token that names no account, or none of this namespace: an owner elsewhere counts as gone, and its object with it
 */
export function serviceAccountOwner(tokenFile: string | undefined, namespace: string): OwnerReference | undefined {
  const account = tokenFile === undefined ? undefined : claimsOf(tokenFile)?.['kubernetes.io'];
  const { name, uid } = account?.serviceaccount ?? {};
  if (account?.namespace !== namespace || typeof name !== 'string' || typeof uid !== 'string' || !name || !uid) return undefined;
  return { apiVersion: 'v1', kind: 'ServiceAccount', name, uid };
}

function claimsOf(tokenFile: string): Claims | undefined {
  try {
    const [, payload, signature] = readFileSync(tokenFile, 'utf8').slice(0, MAX_TOKEN_BYTES).split('.');
    if (payload === undefined || signature === undefined) return undefined;
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    // Whoever needs the token says what is wrong with it.
    return undefined;
  }
}
