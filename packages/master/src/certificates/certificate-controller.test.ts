import { X509Certificate } from 'node:crypto';
import { API_VERSION, RESOURCES, type Registration } from '@kdr/api-types';
import { type ApiClient, type Controller, createInformer, secretType, silentLogger } from '@kdr/controller-runtime';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EmbeddedServer, startEmbeddedServer, until } from '../testing/embedded.ts';
import { createCertificateController } from './certificate-controller.ts';
import { SETTLE_MS } from './certificate-plan.ts';
import type { CertificateSettings } from './certificate-settings.ts';
import { AUTHORITY_MS } from './key-pair.ts';
import { readCertificates } from './pem.ts';
import { type Secret, textsOf } from './secret-texts.ts';

const DAY = 86_400_000;
const settings: CertificateSettings = {
  namespace: 'kdr-system',
  secret: 'kdr-tls',
  webhook: { service: 'kdr-master', configuration: 'kdr' },
  plugins: { secret: 'plugins-tls', service: 'kdr-cluster-plugins' },
};
let server: EmbeddedServer;
let client: ApiClient;
let now: number;
let stop: AbortController;
let running: Promise<unknown>[];

beforeEach(async () => {
  server = await startEmbeddedServer();
  client = server.client;
  now = Date.UTC(2026, 10, 25);
  stop = new AbortController();
  running = [];
  await client.create(RESOURCES.InformationCollector, {
    apiVersion: API_VERSION,
    kind: 'InformationCollector',
    metadata: { name: 'pod', labels: { 'kdr.dev/ca': 'kdr' } },
    spec: { endpoint: { service: { namespace: 'kdr-system', name: 'kdr-cluster-plugins', port: 8443 } } },
  });
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  await server.stop();
});

/** A controller as the leader runs it; `look` stands for the timer, whose clock here stands still. */
function start(): { look: () => void } {
  const inform = <T extends object>(options: { type: typeof secretType; namespace?: string; fieldSelector?: string }) =>
    createInformer<T>({ client, ...options });
  const secrets = ['kdr-tls', 'plugins-tls'].map((name) =>
    inform<Secret>({ type: secretType, namespace: 'kdr-system', fieldSelector: `metadata.name=${name}` }),
  );
  const registrations = inform<Registration>({ type: RESOURCES.InformationCollector });
  const controller: Controller = createCertificateController({
    client,
    settings,
    secrets,
    configurations: undefined,
    registrations: [registrations],
    logger: silentLogger(),
    now: () => now,
  });
  running.push(...[...secrets, registrations, controller].map((one) => one.run(stop.signal)));
  return { look: () => controller.enqueue('certificates') };
}

const texts = async (name = 'kdr-tls') =>
  textsOf(await client.get<Secret>(secretType, { namespace: 'kdr-system', name }).catch(() => undefined));
const bundleOf = async () =>
  (await client.get<Registration>(RESOURCES.InformationCollector, { name: 'pod' })).spec.endpoint.service?.caBundle;
const signedBy = (certificate: string, authority: X509Certificate | undefined) =>
  authority !== undefined && new X509Certificate(certificate).verify(authority.publicKey);
const all = async () => {
  const [own, plugins] = [await texts(), await texts('plugins-tls')];
  return {
    own,
    plugins,
    bundle: own['ca.crt'],
    trusted: own['ca.crt'] !== undefined && own['ca.crt'] === plugins['ca.crt'] && own['ca.crt'] === (await bundleOf()),
  };
};
const settled = () => until('everybody trusts the authority', async () => (await all()).trusted);

it('makes what is not there, gives it to everybody, and leaves it alone afterwards', async () => {
  const { look } = start();
  await settled();
  const { own, plugins } = await all();
  const [authority] = readCertificates(own['ca.crt'] ?? '');
  expect(signedBy(own['tls.crt'] ?? '', authority) && signedBy(plugins['tls.crt'] ?? '', authority)).toBe(true);
  expect(new X509Certificate(plugins['tls.crt'] ?? '').checkHost('kdr-cluster-plugins.kdr-system.svc')).toBeDefined();
  expect(Object.keys(plugins).sort()).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
  now += 59 * DAY;
  look();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await texts()).toEqual(own);
});

it('renews the serving certificates after 60 days, under the same authority', async () => {
  const { look } = start();
  await settled();
  const before = await all();
  now += 60 * DAY;
  look();
  await until('both are new', async () => {
    const { own, plugins } = await all();
    return own['tls.crt'] !== before.own['tls.crt'] && plugins['tls.crt'] !== before.plugins['tls.crt'];
  });
  expect((await all()).bundle).toBe(before.bundle);
});

it('renews the authority: first trusted beside the old one, everywhere, and only then used', async () => {
  const { look } = start();
  await settled();
  const before = await all();
  const [old] = readCertificates(before.bundle ?? '');
  now += Math.ceil((AUTHORITY_MS * 2) / 3) + DAY;
  // The serving certificates are long over by then: they are made anew at once, since nothing can be kept.
  look();
  await until('there are two authorities', async () => readCertificates((await all()).bundle ?? '').length === 2);
  await settled();
  const [fresh, kept] = readCertificates((await all()).bundle ?? '');
  expect(kept?.fingerprint256).toBe(old?.fingerprint256);
  expect(fresh?.fingerprint256).not.toBe(old?.fingerprint256);
  now += SETTLE_MS + 1_000;
  look();
  await until('both are signed by the new one', async () => {
    const { own, plugins } = await all();
    return signedBy(own['tls.crt'] ?? '', fresh) && signedBy(plugins['tls.crt'] ?? '', fresh);
  });
});

it('replaces what somebody else wrote, and what was deleted', async () => {
  start();
  await settled();
  const first = await all();
  const at = { namespace: 'kdr-system', name: 'kdr-tls' };
  await client.patch(secretType, at, { data: { 'ca.key': Buffer.from('foreign').toString('base64') } }, { type: 'merge' });
  await until('there is another authority', async () => (await all()).bundle !== first.bundle);
  await settled();
  const second = await all();
  await client.delete(secretType, at);
  await until('there is another again', async () => ![undefined, second.bundle].includes((await all()).bundle));
  await settled();
});

it('two who begin at once end with one authority', async () => {
  start();
  start();
  await settled();
  const { own, plugins, bundle } = await all();
  const [authority] = readCertificates(bundle ?? '');
  expect(readCertificates(bundle ?? '')).toHaveLength(1);
  expect(signedBy(own['tls.crt'] ?? '', authority) && signedBy(plugins['tls.crt'] ?? '', authority)).toBe(true);
});
