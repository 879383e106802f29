import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { KeyPair } from './pki.ts';

const TIMEOUT_MS = 2000;

/** How to speak TLS: as that client with servers of that authority, or with a self-signed server that is asked nothing of worth. */
export type Trust = { readonly ca: string; readonly pair: KeyPair } | 'self-signed';

/** True when a GET of the address is answered with 200 within two seconds. */
export function answers(url: string, trust: Trust = 'self-signed'): Promise<boolean> {
  const tls =
    trust === 'self-signed'
      ? { rejectUnauthorized: false }
      : { ca: readFileSync(trust.ca), cert: readFileSync(trust.pair.certificate), key: readFileSync(trust.pair.key) };
  return new Promise((resolve) => {
    const request = url.startsWith('https:') ? requestHttps : requestHttp;
    const asked = request(url, { ...tls, agent: false, timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(false));
    asked.end();
  });
}
