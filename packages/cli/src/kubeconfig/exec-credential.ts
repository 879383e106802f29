import { KdrError } from '@kdr/api-types';
import { isObject } from './load.ts';

/** What a credential plugin gave. */
export interface Credential {
  token?: string;
  /** PEM of a client certificate and its key. */
  certificate?: { cert: string; key: string };
  /** Until when it is good (ms since the epoch); undefined: until the server refuses it. */
  expiresAt?: number;
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

/**
 * Reads what a plugin printed: an ExecCredential of the version that it was asked for (client-go, exec.go).
 * @param who names the plugin in errors.
 * @throws KdrError KDR_CREDENTIAL_PLUGIN
 */
export function readExecCredential(output: string, apiVersion: string, who: string): Credential {
  const refuse = (why: string) => new KdrError('KDR_CREDENTIAL_PLUGIN', `${who} ${why}`);
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    // Not shown: it may be half of a credential.
    throw refuse(`printed ${output.trim() === '' ? 'nothing' : 'something that is no JSON'}, where an ExecCredential was expected`);
  }
  if (!isObject(answer) || answer.kind !== 'ExecCredential') throw refuse('printed no ExecCredential');
  if (answer.apiVersion !== apiVersion)
    throw refuse(`answered in ${String(answer.apiVersion)}, and the kubeconfig says ${apiVersion}: one of them must change`);
  const status = isObject(answer.status) ? answer.status : {};
  const [token, cert, key] = [text(status.token), text(status.clientCertificateData), text(status.clientKeyData)];
  if ((cert === undefined) !== (key === undefined))
    throw refuse('gave a client certificate without its key, or a key without its certificate');
  if (token === undefined && cert === undefined) throw refuse('gave neither a token nor a client certificate');
  const expires = text(status.expirationTimestamp);
  const expiresAt = expires === undefined ? undefined : Date.parse(expires);
  if (Number.isNaN(expiresAt)) throw refuse(`gave an expirationTimestamp that is no time: "${expires}"`);
  return { token, certificate: cert === undefined || key === undefined ? undefined : { cert, key }, expiresAt };
}
