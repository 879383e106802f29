import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TLSSocket, connect } from 'node:tls';
import { createPluginClient } from '@kdr/plugin-client';
import { pino } from 'pino';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Caller, type Plugin, type Served, defineCollector, defineRecoverer, serve } from './index.ts';
import { sampleRequest } from './testing.ts';
import { followTlsPair } from './tls-files.ts';

const NAME = 'plugin.kdr-system.svc';
const log = pino({ level: 'silent' });
const pair = () =>
  generate([{ name: 'commonName', value: NAME }], {
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [NAME, 'localhost'].map((value) => ({ type: 2 as const, value })) }],
  });
const tokenOf = (payload: object) => ['e30', Buffer.from(JSON.stringify(payload)).toString('base64url'), 'c2ln'].join('.');

/** What an API server says of bound ServiceAccount tokens, in the shape of authentication.k8s.io/v1 TokenReviewStatus, by token. */
function statusOf(token: string): object {
  const account = (name: string, node?: string) => ({
    authenticated: true,
    user: {
      username: `system:serviceaccount:kdr-system:${name}`,
      uid: '5a4c7e2e-3c1e-4f1b-9d0e-6f0f2f1f7a11',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:kdr-system', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/credential-id': ['JTI=8f5c…'],
        ...(node && { 'authentication.kubernetes.io/node-name': [node], 'authentication.kubernetes.io/pod-name': ['kdr-agent-x'] }),
      },
    },
    audiences: ['kdr.dev/plugins'],
  });
  if (token === TOKENS.agent) return account('kdr-agent', 'node-1');
  if (token === TOKENS.stranger) return account('default', 'node-1');
  if (token === TOKENS.blind) return { ...account('kdr-agent', 'node-1'), audiences: undefined };
  if (token === TOKENS.master) return account('kdr-master');
  return {
    user: {},
    error: '[invalid bearer token, token audiences ["https://kubernetes.default.svc"] is invalid for the target audiences]',
  };
}
const TOKENS = {
  agent: tokenOf({ sub: 'agent' }),
  master: tokenOf({ sub: 'master' }),
  stranger: tokenOf({ sub: 'stranger' }),
  blind: tokenOf({ sub: 'an authenticator that knows no audiences' }),
  other: tokenOf({ sub: 'for the API server' }),
};

let directory: string;
let api: Server;
let reviews: { authorization?: string; body: { spec: { token: string; audiences: string[] } } }[];
let fails = 0;
const running: Served[] = [];
const seen: (Caller | undefined)[] = [];
let certificate: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kdr-listen-'));
  const pems = await pair();
  certificate = pems.cert;
  writeFileSync(join(directory, 'tls.crt'), pems.cert);
  writeFileSync(join(directory, 'tls.key'), pems.private);
  writeFileSync(join(directory, 'ca.crt'), pems.cert);
  writeFileSync(join(directory, 'own-token'), 'own-token\n');
  reviews = [];
  fails = 0;
  api = createServer({ cert: pems.cert, key: pems.private }, (request, response) => {
    void text(request).then((sent) => {
      const body = JSON.parse(sent) as (typeof reviews)[number]['body'];
      reviews.push({ authorization: request.headers.authorization, body });
      if (fails > 0) return response.writeHead(fails, { 'content-type': 'application/json' }).end('{}');
      const answer = {
        kind: 'TokenReview',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {},
        spec: body.spec,
        status: statusOf(body.spec.token),
      };
      return response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  for (const [name, value] of Object.entries({
    ...{
      KDR_PLUGIN_LISTEN_PORT: '0',
      KDR_PLUGIN_LISTEN_HOST: '127.0.0.1',
      KDR_PLUGIN_TLS_DIR: directory,
      KDR_PLUGIN_AUTHORIZE: 'tokenreview',
    },
    ...{ KDR_SERVER: `https://localhost:${(api.address() as AddressInfo).port}`, KDR_LOG_LEVEL: 'silent' },
    ...{ KDR_TOKEN_FILE: join(directory, 'own-token'), KDR_CA_FILE: join(directory, 'ca.crt') },
  }))
    vi.stubEnv(name, value);
});
afterEach(async () => {
  for (const served of running.splice(0)) await served.close();
  api.closeAllConnections();
  await new Promise((resolve) => api.close(resolve));
  vi.unstubAllEnvs();
  seen.length = 0;
  rmSync(directory, { recursive: true, force: true });
});

const asker = defineCollector({
  name: 'plugin',
  collect: ({ caller }) => {
    seen.push(caller);
    return { outcome: 'Collected', summary: 'here', data: {} };
  },
});
async function start(...plugins: Plugin[]): Promise<string> {
  // `await serve(plugin)` as an author writes it, but for the exit on signals.
  const served = await serve({ plugins, exitOnSignal: false });
  running.push(served);
  return served.addresses[plugins[0]!.manifest.name]!;
}
function client(address: string, token?: string) {
  const service = { namespace: 'kdr-system', name: 'plugin', port: Number(new URL(address).port), caBundle: certificate };
  const lookup = ((_: string, __: unknown, callback: (error: null, found: object[]) => void) =>
    callback(null, [{ address: '127.0.0.1', family: 4 }])) as never;
  return createPluginClient({ service }, { lookup, mayCall: () => true, ...(token !== undefined && { token: () => token }) });
}

describe('a plugin that the environment puts behind a Service', () => {
  it('answers the agent and the master, and tells who asks', async () => {
    const address = await start(asker);
    expect(await client(address, TOKENS.agent).collect(sampleRequest('collector'))).toMatchObject({ outcome: 'Collected' });
    expect(await client(address, TOKENS.master).collect(sampleRequest('collector'))).toMatchObject({ outcome: 'Collected' });
    expect(seen).toEqual([
      { user: 'system:serviceaccount:kdr-system:kdr-agent', node: 'node-1' },
      { user: 'system:serviceaccount:kdr-system:kdr-master' },
    ]);
    expect(reviews[0]).toEqual({
      authorization: 'Bearer own-token',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: TOKENS.agent, audiences: ['kdr.dev/plugins'] } },
    });
  });

  it.each([
    ['a token that was issued for something else', TOKENS.other],
    ['the token of another ServiceAccount', TOKENS.stranger],
    ['a token whose audience nobody has checked', TOKENS.blind],
    ['what is no token at all', 'password'],
    ['no token', undefined],
  ])('refuses %s, on every route but the probes', async (_, token) => {
    const address = await start(asker);
    const refused = { code: 'KDR_PLUGIN_STATUS', message: expect.stringContaining('status 401: KDR_UNAUTHORIZED'), retryable: false };
    await expect(client(address, token).collect(sampleRequest('collector'))).rejects.toMatchObject(refused);
    await expect(client(address, token).manifest()).rejects.toMatchObject(refused);
    await client(address, token).ready();
    expect(seen).toEqual([]);
  });

  it('asks for a review once a minute for a caller, and never what can be no token', async () => {
    const address = await start(asker);
    for (let round = 0; round < 5; round++) await client(address, TOKENS.agent).collect(sampleRequest('collector'));
    await Promise.all([1, 2, 3, 4].map(() => client(address, TOKENS.master).manifest()));
    await client(address, 'password')
      .manifest()
      .catch(() => undefined);
    expect(reviews.map(({ body }) => body.spec.token)).toEqual([TOKENS.agent, TOKENS.master]);
  });

  it('lets nobody in while tokens can’t be reviewed, and says that trying again may help', async () => {
    const address = await start(asker);
    fails = 500;
    const unavailable = { code: 'KDR_PLUGIN_STATUS', message: expect.stringContaining('KDR_AUTHORIZER_UNAVAILABLE'), retryable: true };
    await expect(client(address, TOKENS.agent).manifest()).rejects.toMatchObject(unavailable);
    fails = 403;
    await expect(client(address, TOKENS.agent).manifest()).rejects.toThrow('may this ServiceAccount create tokenreviews');
    fails = 0;
    expect((await client(address, TOKENS.agent).manifest()).name).toBe('plugin');
  });

  it('does not give what one caller was answered to another with the same requestId', async () => {
    const address = await start(asker);
    const request = sampleRequest('collector');
    await client(address, TOKENS.agent).collect(request);
    await client(address, TOKENS.agent).collect(request);
    expect(seen).toHaveLength(1);
    await client(address, TOKENS.master).collect(request);
    expect(seen).toHaveLength(2);
  });

  it.each([
    ['KDR_PLUGIN_LISTEN_PORT', '99999'],
    ['KDR_PLUGIN_TLS_DIR', ''],
    ['KDR_PLUGIN_AUTHORIZE', 'none'],
    ['KDR_PLUGIN_CALLERS', 'a,,b'],
  ])('refuses to start where %s is "%s"', async (name, value) => {
    vi.stubEnv(name, value);
    await expect(start(asker)).rejects.toMatchObject({ code: 'KDR_LISTEN_INVALID', message: expect.stringContaining(name) });
  });

  it('lets only those call that KDR_PLUGIN_CALLERS names', async () => {
    vi.stubEnv('KDR_PLUGIN_CALLERS', 'system:serviceaccount:kdr-system:default');
    const address = await start(asker);
    await expect(client(address, TOKENS.agent).manifest()).rejects.toThrow('KDR_UNAUTHORIZED');
    expect((await client(address, TOKENS.stranger).manifest()).name).toBe('plugin');
  });

  it('refuses to serve a recoverer whose record of attempts would be gone with its container', async () => {
    const recoverer = defineRecoverer({
      name: 'r',
      plan: () => ({ outcome: 'NotApplicable', reason: 'x' }),
      act: () => ({ outcome: 'NotApplicable', reason: 'x' }),
    });
    await expect(start(recoverer)).rejects.toMatchObject({
      code: 'KDR_LISTEN_INVALID',
      message: expect.stringContaining('KDR_ATTEMPT_DIR'),
    });
    vi.stubEnv('KDR_ATTEMPT_DIR', join(directory, 'attempts'));
    expect(await start(recoverer)).toMatch(/^https:/);
  });
});

describe('its certificate', () => {
  const serial = async (port: number): Promise<string> => {
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };

  it('is replaced without a restart once the files hold another pair, and kept while they hold half of one', async () => {
    const first = { cert: certificate, key: readFileSync(join(directory, 'tls.key'), 'utf8') };
    const server = createServer(first).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const stop = followTlsPair(directory, server, first, log, 20);
    try {
      const before = await serial(port);
      const next = await pair();
      writeFileSync(join(directory, 'tls.key'), next.private);
      writeFileSync(join(directory, 'tls.crt'), certificate);
      await sleep(200);
      expect(await serial(port)).toBe(before);
      writeFileSync(join(directory, 'tls.crt'), 'half a certi');
      await sleep(200);
      expect(await serial(port)).toBe(before);
      writeFileSync(join(directory, 'tls.crt'), next.cert);
      await expect.poll(() => serial(port), { timeout: 5_000 }).not.toBe(before);
    } finally {
      stop();
      server.close();
      server.closeAllConnections();
    }
  });

  it('is waited for, since the Secret may come after the pod', async () => {
    const pems = await pair();
    certificate = pems.cert;
    for (const name of ['tls.crt', 'tls.key']) rmSync(join(directory, name));
    const starting = start(asker);
    await sleep(300);
    writeFileSync(join(directory, 'tls.crt'), pems.cert);
    writeFileSync(join(directory, 'tls.key'), pems.private);
    expect((await client(await starting, TOKENS.agent).manifest()).name).toBe('plugin');
  });
});
