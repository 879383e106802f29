import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

/** A certificate for the HTTPS listener, its key, and the authority that clients trust; all PEM. */
export interface ServingCertificate {
  ca: string;
  certificate: string;
  key: string;
}

const day = 24 * 3600 * 1000;
/** Ten years for the authority, one for the certificate: what kubeadm uses. */
const authorityDays = 3650;
const certificateDays = 365;
/** Renew this long before the end, at start. */
const renewBefore = 30 * day;

/**
 * Reads the authority and the serving certificate from `directory`, making or renewing what is absent, near its expiry or
 * made for another host. The authority outlives certificates, so that kubeconfigs stay valid. Keys are readable by the owner only.
 */
export async function loadServingCertificate(directory: string, host: string, now: number): Promise<ServingCertificate> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const authority = read(directory, 'ca', now) ?? (await makeAuthority(directory, now));
  const kept = read(directory, 'server', now);
  const fits = kept !== undefined && issuedBy(kept.certificate, authority.certificate) && coversHost(kept.certificate, host);
  const server = fits ? kept : await makeServer(directory, host, authority, now);
  return { ca: authority.certificate, certificate: server.certificate, key: server.key };
}

interface KeyPair {
  certificate: string;
  key: string;
}

function read(directory: string, name: string, now: number): KeyPair | undefined {
  const files = { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
  if (!existsSync(files.certificate) || !existsSync(files.key)) return undefined;
  const certificate = readFileSync(files.certificate, 'utf8');
  try {
    if (Date.parse(new X509Certificate(certificate).validTo) - renewBefore < now) return undefined;
  } catch {
    return undefined; // half written or damaged: a new one is as good
  }
  return { certificate, key: readFileSync(files.key, 'utf8') };
}

function issuedBy(certificate: string, authority: string): boolean {
  return new X509Certificate(certificate).verify(new X509Certificate(authority).publicKey);
}

function coversHost(certificate: string, host: string): boolean {
  const parsed = new X509Certificate(certificate);
  return isIP(host) ? parsed.checkIP(host) !== undefined : parsed.checkHost(host) !== undefined;
}

async function makeAuthority(directory: string, now: number): Promise<KeyPair> {
  const { generate } = await import('selfsigned'); // late: it brings two ASN.1 libraries, and is seldom needed
  const made = await generate([{ name: 'commonName', value: `embedded-apiserver-ca-${now}` }], {
    ...common(now, authorityDays),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    ],
  });
  return write(directory, 'ca', { certificate: made.cert, key: made.private });
}

async function makeServer(directory: string, host: string, authority: KeyPair, now: number): Promise<KeyPair> {
  const addresses = [...new Set(['127.0.0.1', '::1', ...(isIP(host) ? [host] : [])])];
  const names = [...new Set(['localhost', 'kubernetes.default.svc', ...(isIP(host) ? [] : [host])])];
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'embedded-apiserver' }], {
    ...common(now, certificateDays),
    ca: { key: authority.key, cert: authority.certificate },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...names.map((value) => ({ type: 2 as const, value })), ...addresses.map((ip) => ({ type: 7 as const, ip }))],
      },
    ],
  });
  return write(directory, 'server', { certificate: made.cert, key: made.private });
}

/** An elliptic key: its handshake costs a fraction of RSA's. The start lies an hour back for clocks that differ. */
function common(now: number, days: number) {
  return {
    algorithm: 'sha256',
    keyType: 'ec' as const,
    curve: 'P-256' as const,
    notBeforeDate: new Date(now - 3600 * 1000),
    notAfterDate: new Date(now + days * day),
  };
}

function write(directory: string, name: string, pair: KeyPair): KeyPair {
  const put = (file: string, text: string, mode: number) => {
    const path = join(directory, file);
    writeFileSync(`${path}.new`, text, { mode });
    renameSync(`${path}.new`, path);
  };
  put(`${name}.key`, pair.key, 0o600);
  put(`${name}.crt`, pair.certificate, 0o644);
  return pair;
}
