import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadServingCertificate } from './serving-certificate.ts';

const day = 24 * 3600 * 1000;
const now = Date.UTC(2026, 0, 1);
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'serving-certificate-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

it('is kept while it is valid, and signed by the authority for the loopback addresses', async () => {
  const made = await loadServingCertificate(directory, '127.0.0.1', now);
  expect(await loadServingCertificate(directory, '127.0.0.1', now + 300 * day)).toEqual(made);
  const certificate = new X509Certificate(made.certificate);
  expect(certificate.verify(new X509Certificate(made.ca).publicKey)).toBe(true);
  expect([certificate.checkIP('127.0.0.1'), certificate.checkIP('::1'), certificate.checkHost('localhost')]).toEqual([
    '127.0.0.1',
    '::1',
    'localhost',
  ]);
});

it('is renewed a month before its end, by the same authority', async () => {
  const made = await loadServingCertificate(directory, '127.0.0.1', now);
  const renewed = await loadServingCertificate(directory, '127.0.0.1', now + 336 * day);
  expect(renewed.ca).toBe(made.ca);
  expect(renewed.certificate).not.toBe(made.certificate);
  expect(Date.parse(new X509Certificate(renewed.certificate).validTo)).toBeGreaterThan(now + 700 * day);
});

it('is made anew for another host, when it is damaged, and with a new authority', async () => {
  const made = await loadServingCertificate(directory, '127.0.0.1', now);
  const other = await loadServingCertificate(directory, '127.0.0.2', now);
  expect(new X509Certificate(other.certificate).checkIP('127.0.0.2')).toBe('127.0.0.2');
  writeFileSync(join(directory, 'server.crt'), 'not a certificate');
  expect(new X509Certificate((await loadServingCertificate(directory, '127.0.0.1', now)).certificate).checkIP('127.0.0.1')).toBe(
    '127.0.0.1',
  );
  const later = await loadServingCertificate(directory, '127.0.0.1', now + 3640 * day);
  expect(later.ca).not.toBe(made.ca);
  expect(new X509Certificate(later.certificate).verify(new X509Certificate(later.ca).publicKey)).toBe(true);
});
