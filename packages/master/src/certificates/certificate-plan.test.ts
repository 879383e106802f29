import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authority, SETTLE_MS, nextLook, planAuthority, renewalReason } from './certificate-plan.ts';
import { type KeyPair, AUTHORITY_MS, LEEWAY_MS, SERVING_MS, makeAuthority, makeServing, serviceNames } from './key-pair.ts';

const DAY = 86_400_000;
const now = Date.UTC(2026, 10, 25);
const names = serviceNames('kdr-master', 'kdr-system');
let ca: KeyPair;
let other: KeyPair;
let leaf: KeyPair;
let authority: Authority;

const of = (pair: KeyPair, bundle = pair.certificate) => ({ 'ca.crt': bundle, 'ca.key': pair.key });
const served = (pair: KeyPair) => ({ 'tls.crt': pair.certificate, 'tls.key': pair.key });
const read = (texts: Record<string, string>, at: number): Authority => {
  const plan = planAuthority(texts, at);
  if (!('authority' in plan)) throw new Error(plan.make);
  return plan.authority;
};

beforeAll(async () => {
  ca = await makeAuthority(now);
  other = await makeAuthority(now + 1);
  authority = read(of(ca), now);
  leaf = await makeServing(authority, names, now);
});

describe('what is made', () => {
  it('is an authority for ten years that may sign servers and no further authority', () => {
    const certificate = new X509Certificate(ca.certificate);
    expect(certificate.ca).toBe(true);
    expect(Date.parse(certificate.validTo) - now).toBe(AUTHORITY_MS);
    expect(now - Date.parse(certificate.validFrom)).toBe(LEEWAY_MS);
  });

  it('is a certificate for 90 days, for every name of the Service, signed with sha256', () => {
    const certificate = new X509Certificate(leaf.certificate);
    expect(certificate.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true);
    expect(certificate.checkHost('kdr-master.kdr-system.svc')).toBe('kdr-master.kdr-system.svc');
    expect(Date.parse(certificate.validTo) - now).toBe(SERVING_MS);
    // ecdsa-with-SHA256 (RFC 5758), 1.2.840.10045.4.3.2: Node 22 does not name it.
    expect(certificate.raw.includes(Buffer.from('06082a8648ce3d040302', 'hex'))).toBe(true);
    expect(certificate.ca).toBe(false);
  });

  it('never outlives its authority', async () => {
    const late = await makeServing(authority, names, now + AUTHORITY_MS - DAY);
    expect(new X509Certificate(late.certificate).validTo).toBe(authority.certificate.validTo);
  });
});

describe('an authority', () => {
  it('is kept until two thirds of its life are over, and then renewed beside its predecessor', () => {
    const due = now - LEEWAY_MS + (AUTHORITY_MS + LEEWAY_MS) * (2 / 3);
    expect(planAuthority(of(ca), due - 60_000)).toHaveProperty('authority');
    const plan = planAuthority(of(ca), due + 60_000);
    expect(plan).toMatchObject({ make: 'two thirds of its life are over' });
    expect('keep' in plan && plan.keep.map((one) => one.fingerprint256)).toEqual([new X509Certificate(ca.certificate).fingerprint256]);
  });

  it('forgets predecessors that are over', () => {
    const bundle = `${other.certificate}\n${ca.certificate}`;
    expect(read(of(other, bundle), now + 2).bundle).toHaveLength(2);
    const third = { ...of(other, bundle) };
    expect(planAuthority(third, now + AUTHORITY_MS + DAY)).toMatchObject({ make: 'it has expired', keep: [] });
  });

  it.each<[string, () => Record<string, string>, string, number?]>([
    ['nothing', () => ({}), 'there is none yet'],
    ['text', () => ({ 'ca.crt': 'hello', 'ca.key': 'world' }), 'ca.crt holds no certificate'],
    ['half a certificate', () => of(ca, ca.certificate.replace(/[A-Za-z]{20}/, '')), 'ca.crt holds no certificate'],
    ['a key without certificate', () => ({ 'ca.key': ca.key }), 'ca.crt holds no certificate'],
    ['a certificate without key', () => ({ 'ca.crt': ca.certificate }), 'ca.key is not the key of ca.crt'],
    ['another one’s key', () => of({ ...ca, key: other.key }), 'ca.key is not the key of ca.crt'],
    ['a server’s certificate', () => of(leaf), 'ca.crt is no certificate of an authority'],
    ['one that is over', () => of(ca), 'it has expired', now + AUTHORITY_MS + 1],
    ['one from a clock two hours ahead', () => of(ca), 'it is not valid yet: was it made where the clock is ahead?', now - 2 * LEEWAY_MS],
  ])('is replaced whole where the Secret holds %s', (_, texts, make, at = now) => {
    expect(planAuthority(texts(), at)).toEqual({ make, keep: [] });
  });
});

describe('a serving certificate', () => {
  it('is kept for 60 of its 90 days, then renewed', () => {
    expect(renewalReason(served(leaf), authority, names, true, now + 59 * DAY)).toBeUndefined();
    expect(renewalReason(served(leaf), authority, names, true, now + 60 * DAY)).toBe('two thirds of its life are over');
  });

  it('stays the predecessor’s until everybody trusts the new authority, and its settling time is over', () => {
    const renewed = read(of(other, `${other.certificate}\n${ca.certificate}`), now + 2);
    const ask = (trusted: boolean, at: number) => renewalReason(served(leaf), renewed, names, trusted, at);
    expect(ask(true, now + SETTLE_MS - 1_000)).toBeUndefined();
    expect(ask(false, now + SETTLE_MS + 1_000)).toBeUndefined();
    expect(ask(false, now + 70 * DAY)).toBeUndefined();
    expect(ask(true, now + SETTLE_MS + 1_000)).toBe('the authority was renewed');
    expect(ask(false, now + 91 * DAY)).toBe('it has expired');
  });

  it.each<[string, () => Record<string, string>, string, number?]>([
    ['nothing', () => ({}), 'there is none yet'],
    ['empty keys', () => ({ 'tls.crt': '', 'tls.key': '' }), 'there is none yet'],
    ['text', () => ({ 'tls.crt': 'hello', 'tls.key': 'world' }), 'tls.crt holds no certificate'],
    ['another one’s key', () => ({ ...served(leaf), 'tls.key': ca.key }), 'tls.key is not the key of tls.crt'],
    ['one that a foreign authority signed', () => served(other), 'it is not signed by the authority'],
    ['one that is over', () => served(leaf), 'it has expired', now + SERVING_MS + 1],
  ])('is made anew where the Secret holds %s', (_, texts, reason, at = now) => {
    expect(renewalReason(texts(), authority, names, true, at)).toBe(reason);
  });

  it('is made anew for a Service of another name', () => {
    expect(renewalReason(served(leaf), authority, serviceNames('kdr-master', 'faults'), true, now)).toBe(
      'it does not name kdr-master.faults.svc',
    );
  });
});

it('the next look is when the first of all is due, or a new authority has settled', () => {
  const certificate = new X509Certificate(leaf.certificate);
  expect(nextLook([certificate], authority, now)).toBe(SETTLE_MS);
  const later = nextLook([authority.certificate, certificate], authority, now + DAY);
  expect(Math.round(later / DAY)).toBe(59);
});
