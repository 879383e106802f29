import type { X509Certificate } from 'node:crypto';

/** A certificate and its private key, PEM. */
export interface KeyPair {
  certificate: string;
  key: string;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How long an authority lives: ten years, like that of kubeadm. */
export const AUTHORITY_MS = 3650 * DAY;
/** How long a serving certificate lives. */
export const SERVING_MS = 90 * DAY;
/** Certificates begin that long before they are made, for whoever's clock is behind. */
export const LEEWAY_MS = HOUR;

/** A new authority. Its name carries the time: two authorities of one name could not be told apart when a chain is verified. */
export async function makeAuthority(now: number): Promise<KeyPair> {
  const { generate } = await import('selfsigned'); // late: it brings two ASN.1 libraries, and is seldom needed
  const made = await generate([{ name: 'commonName', value: `kdr-ca-${now}` }], {
    ...common(now, now + AUTHORITY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    ],
  });
  return { certificate: made.cert, key: made.private };
}

/** The names under which a Service is called; clients verify the one that they use (the API server: NAME.NAMESPACE.svc). */
export function serviceNames(service: string, namespace: string): string[] {
  return [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`, `${service}.${namespace}`, service];
}

/** A new certificate for a Service, signed by the authority and ending no later than it. */
export async function makeServing(
  authority: { certificate: X509Certificate; key: string },
  names: string[],
  now: number,
): Promise<KeyPair> {
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: (names[0] ?? '').slice(0, 64) }], {
    ...common(now, Math.min(now + SERVING_MS, Date.parse(authority.certificate.validTo))),
    ca: { key: authority.key, cert: authority.certificate.toString() },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map((value) => ({ type: 2 as const, value })) },
    ],
  });
  return { certificate: made.cert, key: made.private };
}

/** An elliptic key: its handshake costs a fraction of RSA's. */
function common(now: number, end: number) {
  return {
    algorithm: 'sha256',
    keyType: 'ec' as const,
    curve: 'P-256' as const,
    notBeforeDate: new Date(now - LEEWAY_MS),
    notAfterDate: new Date(end),
  };
}
