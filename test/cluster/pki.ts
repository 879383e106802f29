import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate and its key on disk, PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Who a certificate speaks for. */
export interface CertificateRequest {
  /** File name without extension. */
  readonly file: string;
  readonly commonName: string;
  /** Organisations: the groups of a Kubernetes user. */
  readonly groups?: readonly string[];
  /** Names and addresses of a server. */
  readonly hosts?: readonly string[];
}

/** The certificate authority of one cluster. */
export interface Authority extends KeyPair {
  /** Issues a certificate for a client, and for a server when it has hosts. Valid from an hour ago for a week. */
  issue(request: CertificateRequest): Promise<KeyPair>;
}

const HOUR_MS = 3600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** Makes an authority in a directory. */
export async function makeAuthority(directory: string): Promise<Authority> {
  const made = await generate([{ name: 'commonName', value: 'kdr-test-cluster' }], {
    ...validity(),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    ],
  });
  return authorityOf(directory, write(directory, 'ca', made));
}

/** The authority that an earlier process made there. */
export function openAuthority(directory: string): Authority {
  return authorityOf(directory, { certificate: join(directory, 'ca.crt'), key: join(directory, 'ca.key') });
}

/** The key by which the API server signs tokens of ServiceAccounts. */
export function makeServiceAccountKey(directory: string): string {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const file = join(directory, 'service-account.key');
  writeFileSync(file, privateKey, { mode: 0o600 });
  return file;
}

function authorityOf(directory: string, own: KeyPair): Authority {
  const ca = { cert: readFileSync(own.certificate, 'utf8'), key: readFileSync(own.key, 'utf8') };
  const issue = async ({ file, commonName, groups = [], hosts = [] }: CertificateRequest) => {
    const subject = [{ name: 'commonName', value: commonName }, ...groups.map((value) => ({ name: 'organizationName', value }))];
    const made = await generate(subject, {
      ...validity(),
      ca,
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', clientAuth: true, serverAuth: hosts.length > 0 },
        ...(hosts.length > 0 ? [{ name: 'subjectAltName' as const, altNames: hosts.map(alternativeName) }] : []),
      ],
    });
    return write(directory, file, made);
  };
  return { ...own, issue };
}

function alternativeName(host: string) {
  return isIP(host) > 0 ? { type: 7 as const, ip: host } : { type: 2 as const, value: host };
}

function validity() {
  const now = Date.now();
  return {
    algorithm: 'sha256',
    keyType: 'ec' as const,
    curve: 'P-256' as const,
    notBeforeDate: new Date(now - HOUR_MS),
    notAfterDate: new Date(now + WEEK_MS),
  };
}

function write(directory: string, file: string, made: { cert: string; private: string }): KeyPair {
  const paths = { certificate: join(directory, `${file}.crt`), key: join(directory, `${file}.key`) };
  writeFileSync(paths.key, made.private, { mode: 0o600 });
  writeFileSync(paths.certificate, made.cert);
  return paths;
}
