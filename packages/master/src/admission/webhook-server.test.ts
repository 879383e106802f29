import { X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:https';
import { connect } from 'node:tls';
import { silentLogger } from '@kdr/controller-runtime';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KeyPair, makeAuthority, makeServing, serviceNames } from '../certificates/key-pair.ts';
import type { AdmissionWorld } from './admission-world.ts';
import { type WebhookServer, createWebhookServer } from './webhook-server.ts';

const names = serviceNames('kdr-master', 'kdr-system');
const world: AdmissionWorld = {
  settings: { trustedUsers: [], socketDirectories: [] },
  registered: async () => false,
  abnormal: async () => undefined,
  access: async () => ({ allowed: true, reason: '' }),
  now: Date.now,
};
let authority: KeyPair;
let current: KeyPair | undefined;
let handler: ((pair: KeyPair) => void) | undefined;
let server: WebhookServer;
let metrics: Registry;

async function renew(): Promise<KeyPair> {
  current = await makeServing({ certificate: new X509Certificate(authority.certificate), key: authority.key }, names, Date.now());
  handler?.(current);
  return current;
}

beforeEach(async () => {
  authority = await makeAuthority(Date.now());
  current = undefined;
  metrics = new Registry();
  server = await createWebhookServer({
    host: '127.0.0.1',
    port: 0,
    certificate: { current: () => current, onChange: (change) => (handler = change) },
    world,
    logger: silentLogger(),
    metrics,
    drainMs: 300,
  });
  await server.start();
});
afterEach(() => server.stop());

interface Answer {
  status: number;
  connection?: string;
  body: { response?: { uid: string; allowed: boolean; status?: { code: number } }; error?: string };
}

function post(body: string, agent?: Agent, type = 'application/json'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { ca: authority.certificate, servername: names[0], agent, headers: { 'content-type': type } };
    request(`https://127.0.0.1:${server.port}/validate`, { method: 'POST', ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data: string) => (text += data));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, connection: response.headers.connection, body: JSON.parse(text) as Answer['body'] }),
      );
    })
      .on('error', reject)
      .end(body);
  });
}

const review = (kind: string, spec: object) =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1',
      kind: { group: 'kdr.dev', version: 'v1alpha1', kind },
      operation: 'CREATE',
      userInfo: { username: 'me' },
      object: { metadata: { name: 'x' }, spec },
    },
  });
const bad = review('RecoveryPolicy', { mode: 'Auto', match: { expression: '(' } });
const good = review('RecoveryPolicy', { mode: 'Auto' });

it('is not ready, and shakes no hands, before there is a certificate', async () => {
  expect(server.ready()).toBe(false);
  await expect(post(good)).rejects.toThrow();
  await renew();
  expect(server.ready()).toBe(true);
  expect((await post(good)).body.response).toEqual({ uid: 'u-1', allowed: true });
});

it('answers for a while after it was told to stop, and asks each client to connect to another one', async () => {
  await renew();
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  expect((await post(good, kept)).connection).toBe('keep-alive');
  const stopped = server.stop();
  expect(await post(good, kept)).toMatchObject({ status: 200, connection: 'close' });
  await stopped;
  await expect(post(good)).rejects.toThrow();
  kept.destroy();
});

it('serves a renewed certificate on the next connection, while the one that is open goes on', async () => {
  const first = await renew();
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  await post(good, kept);
  const second = await renew();
  const shown = await new Promise<string>((resolve, reject) => {
    const socket = connect({ port: server.port, host: '127.0.0.1', ca: authority.certificate, servername: names[0] }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    }).on('error', reject);
  });
  expect(shown).toBe(new X509Certificate(second.certificate).fingerprint256);
  expect(shown).not.toBe(new X509Certificate(first.certificate).fingerprint256);
  expect((await post(good, kept)).status).toBe(200);
  kept.destroy();
});

it('refuses TLS 1.1', async () => {
  await renew();
  const old = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' });
  await expect(new Promise((resolve, reject) => old.once('secureConnect', resolve).once('error', reject))).rejects.toThrow();
});

describe('answers', () => {
  beforeEach(async () => void (await renew()));

  it('an object that is wrong with the field, and counts it', async () => {
    const { status, body } = await post(bad);
    expect(status).toBe(200);
    expect(body.response).toMatchObject({ uid: 'u-1', allowed: false, status: { code: 422, reason: 'Invalid', status: 'Failure' } });
    expect(await metrics.metrics()).toContain('kdr_webhook_requests_total{kind="RecoveryPolicy",verdict="Invalid"} 1');
  });

  it.each([
    ['no JSON', '{'],
    ['another object', '{"kind":"Pod"}'],
    ['a review of another version', good.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1')],
    ['a review without a request', '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}'],
  ])('%s with 400', async (_, body) => {
    expect((await post(body)).status).toBe(400);
  });

  it('what is larger than 3 MiB with 413, and another content type with 415', async () => {
    expect((await post(JSON.stringify({ text: 'x'.repeat(3 * 1024 * 1024) }))).status).toBe(413);
    expect((await post(good, undefined, 'text/plain')).status).toBe(415);
  });

  it('an unknown kind with yes, under one label of the metrics', async () => {
    expect((await post(review('Whatever', {}))).body.response?.allowed).toBe(true);
    expect(await metrics.metrics()).toContain('kdr_webhook_requests_total{kind="other",verdict="allowed"} 1');
  });
});
