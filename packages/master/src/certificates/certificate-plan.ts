import type { X509Certificate } from 'node:crypto';
import { LEEWAY_MS } from './key-pair.ts';
import { isKeyOf, readCertificates, validity } from './pem.ts';

/** The texts of a Secret, decoded. */
export type SecretTexts = Readonly<Record<string, string>>;

/** An authority that can sign, and every certificate that clients are to trust: its own first, then those of its predecessors. */
export interface Authority {
  certificate: X509Certificate;
  key: string;
  bundle: readonly X509Certificate[];
}

/** Keep it; or make another one, for a reason, which is trusted beside the `keep`. */
export type AuthorityPlan = { authority: Authority } | { make: string; keep: readonly X509Certificate[] };

/** Renewed when two thirds of the life are over. */
const RENEW_AT = 2 / 3;
/** A new authority signs only after its certificate has had that long to reach whoever verifies. */
export const SETTLE_MS = 600_000;
/** Predecessors that are trusted beside the authority. */
const PREDECESSORS = 3;

/** What to do about the authority of a Secret (ca.crt, ca.key). Content that is not one, whoever wrote it, is replaced whole. */
export function planAuthority(texts: SecretTexts, now: number): AuthorityPlan {
  if (!texts['ca.crt'] && !texts['ca.key']) return { make: 'there is none yet', keep: [] };
  const found = read(texts['ca.crt']);
  const [certificate] = found;
  if (certificate === undefined) return { make: 'ca.crt holds no certificate', keep: [] };
  if (!certificate.ca) return { make: 'ca.crt is no certificate of an authority', keep: [] };
  if (!isKeyOf(texts['ca.key'], certificate)) return { make: 'ca.key is not the key of ca.crt', keep: [] };
  const { from, to } = validity(certificate);
  if (to <= now) return { make: 'it has expired', keep: [] };
  if (from > now) return { make: 'it is not valid yet: was it made where the clock is ahead?', keep: [] };
  const bundle = found.filter((one) => one.ca && validity(one).to > now).slice(0, 1 + PREDECESSORS);
  if (isDue(certificate, now)) return { make: 'two thirds of its life are over', keep: bundle.slice(0, PREDECESSORS) };
  return { authority: { certificate, key: texts['ca.key'] ?? '', bundle } };
}

/**
 * Why a Secret's serving certificate (tls.crt, tls.key) must be made anew; undefined: it is good.
 * @param trusted whether everybody who verifies has the authority's own certificate; until then what still works is kept.
 */
export function renewalReason(
  texts: SecretTexts,
  authority: Authority,
  names: readonly string[],
  trusted: boolean,
  now: number,
): string | undefined {
  if (!texts['tls.crt'] && !texts['tls.key']) return 'there is none yet';
  const [certificate] = read(texts['tls.crt']);
  if (certificate === undefined) return 'tls.crt holds no certificate';
  if (!isKeyOf(texts['tls.key'], certificate)) return 'tls.key is not the key of tls.crt';
  if (!authority.bundle.some((one) => certificate.verify(one.publicKey))) return 'it is not signed by the authority';
  const missing = names.find((name) => certificate.checkHost(name) === undefined);
  if (missing !== undefined) return `it does not name ${missing}`;
  const { from, to } = validity(certificate);
  if (to <= now) return 'it has expired';
  if (from > now) return 'it is not valid yet: was it made where the clock is ahead?';
  const own = certificate.verify(authority.certificate.publicKey);
  if (!own && !(trusted && isSettled(authority, now))) return undefined;
  if (!own) return 'the authority was renewed';
  return isDue(certificate, now) ? 'two thirds of its life are over' : undefined;
}

/** When to look again at the latest: the next time at which one of these is due, or the authority has settled. */
export function nextLook(certificates: readonly X509Certificate[], authority: Authority, now: number): number {
  const settles = validity(authority.certificate).from + LEEWAY_MS + SETTLE_MS;
  const times = [...certificates.map(dueAt), ...(settles > now ? [settles] : [])];
  return Math.max(1_000, Math.min(...times) - now);
}

function isSettled(authority: Authority, now: number): boolean {
  return now >= validity(authority.certificate).from + LEEWAY_MS + SETTLE_MS;
}

function dueAt(certificate: X509Certificate): number {
  const { from, to } = validity(certificate);
  return from + (to - from) * RENEW_AT;
}

function isDue(certificate: X509Certificate, now: number): boolean {
  return now >= dueAt(certificate);
}

function read(pem: string | undefined): X509Certificate[] {
  try {
    return readCertificates(pem ?? '');
  } catch {
    return [];
  }
}
