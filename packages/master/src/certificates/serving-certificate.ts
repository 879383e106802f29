import { type Informer, type Logger, gaugeIn } from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';
import type { KeyPair } from './key-pair.ts';
import { isKeyOf, readCertificates, validity } from './pem.ts';
import { type Secret, textsOf } from './secret-texts.ts';

/** The serving certificate as the Secret has it now; on every replica, whoever made it. */
export interface ServingCertificate {
  /** Undefined: there is none, or nothing that could be served. */
  current(): KeyPair | undefined;
  /** Called with each other one, and at once with the one that is there. */
  onChange(handler: (pair: KeyPair) => void): void;
}

/** Follows tls.crt and tls.key of one Secret. A Secret that is broken or gone changes nothing: what was served is served on. */
export function followServingCertificate(secrets: Informer<Secret>, logger: Logger): ServingCertificate {
  const handlers = new Set<(pair: KeyPair) => void>();
  let current: KeyPair | undefined;
  secrets.onChange(({ kind, object }) => {
    if (kind === 'deleted') return;
    const { 'tls.crt': certificate, 'tls.key': key } = textsOf(object);
    if (certificate === undefined || key === undefined || (certificate === current?.certificate && key === current.key)) return;
    if (!isServable(certificate, key)) {
      logger.warn({ secret: object.metadata?.name }, 'the Secret holds no certificate that can be served: the last one is kept');
      return;
    }
    current = { certificate, key };
    for (const handler of handlers) handler(current);
  });
  return {
    current: () => current,
    onChange: (handler) => {
      handlers.add(handler);
      if (current !== undefined) handler(current);
    },
  };
}

function isServable(certificate: string, key: string): boolean {
  try {
    const [first] = readCertificates(certificate);
    return first !== undefined && isKeyOf(key, first);
  } catch {
    return false;
  }
}

/** Tells when the certificates of a Secret end: the time to alert on is well after two thirds of their life, when they should have been renewed. */
export function measureExpiry(secrets: Informer<Secret>, names: Readonly<Record<string, string>>, metrics: Registry | undefined): void {
  const expiry = gaugeIn(
    metrics,
    'kdr_certificate_expiry_timestamp_seconds',
    'When a certificate ends, in seconds since the epoch, by what it is for.',
    ['certificate'],
  );
  secrets.onChange(({ object }) => {
    const texts = textsOf(object);
    for (const [key, certificate] of Object.entries(names)) {
      try {
        const [first] = readCertificates(texts[key] ?? '');
        if (first !== undefined) expiry?.set({ certificate }, validity(first).to / 1000);
      } catch {
        // Not a certificate: the controller says so and replaces it.
      }
    }
  });
}
