import { X509Certificate, createPrivateKey } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, in their order. @throws Error where one can't be read. */
export function readCertificates(pem: string): X509Certificate[] {
  return (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block));
}

/** As PEM, with a newline at the end of each. */
export function writeCertificates(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => `${certificate.toString().trim()}\n`).join('');
}

/** Whether a PEM text is the private key of the certificate. */
export function isKeyOf(key: string | undefined, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key ?? ''));
  } catch {
    return false;
  }
}

/** Milliseconds since the epoch. */
export function validity(certificate: X509Certificate): { from: number; to: number } {
  return { from: Date.parse(certificate.validFrom), to: Date.parse(certificate.validTo) };
}
