import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createPluginClient } from '@kdr/plugin-client';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Plugin, type ServeOptions, type Served, defineCollector, serve } from './index.ts';
import { sampleRequest } from './testing.ts';

let directory: string;
let running: Served[] = [];

async function start(options: Partial<ServeOptions> & { plugins: Plugin[] }): Promise<Served> {
  const served = await serve({ directory, exitOnSignal: false, logger: pino({ level: 'silent' }), ...options });
  running.push(served);
  return served;
}
const named = (name: string) => defineCollector({ name, collect: () => ({ outcome: 'Collected', summary: name, data: {} }) });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kdr-serve-'));
});
afterEach(async () => {
  for (const served of running) await served.close();
  running = [];
  await rm(directory, { recursive: true, force: true });
});

describe('serve', () => {
  it('gives each plugin a socket of its own, for owner and group, and removes it at the end', async () => {
    const served = await start({ plugins: [named('a'), named('b')] });
    for (const name of ['a', 'b']) {
      const client = createPluginClient({ local: { socket: served.addresses[name]! } }, { name, role: 'collector' });
      expect((await client.manifest()).name).toBe(name);
      client.close();
      expect((await stat(join(directory, `${name}.sock`))).mode & 0o777).toBe(0o660);
    }
    await served.close();
    expect(existsSync(join(directory, 'a.sock'))).toBe(false);
  });

  it('replaces the socket of a process that was killed, and not one that somebody listens on', async () => {
    const path = join(directory, 'a.sock');
    const program = `require('net').createServer().listen(process.argv[1], () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await expect(start({ plugins: [named('a')] })).rejects.toMatchObject({ code: 'KDR_SOCKET_UNUSABLE' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(path)).toBe(true);
    await start({ plugins: [named('a')] });
  });

  it('touches nothing but sockets, and serves all or none', async () => {
    await writeFile(join(directory, 'b.sock'), 'precious');
    await expect(start({ plugins: [named('a'), named('b')] })).rejects.toMatchObject({ code: 'KDR_SOCKET_UNUSABLE' });
    expect(existsSync(join(directory, 'a.sock'))).toBe(false);
    expect(existsSync(join(directory, 'b.sock'))).toBe(true);
  });

  it('refuses a path that the kernel would cut, two plugins of one name, and none', async () => {
    await expect(start({ plugins: [named('x'.repeat(100))] })).rejects.toMatchObject({ code: 'KDR_SOCKET_UNUSABLE' });
    await expect(start({ plugins: [named('a'), named('a')] })).rejects.toMatchObject({ code: 'KDR_INVALID_PLUGIN' });
    await expect(start({ plugins: [] })).rejects.toMatchObject({ code: 'KDR_INVALID_PLUGIN' });
  });

  it('ends although a kept connection is open', async () => {
    const served = await start({ plugins: [named('a')] });
    const client = createPluginClient({ local: { socket: served.addresses.a! } });
    await client.ready();
    const begun = performance.now();
    await served.close();
    expect(performance.now() - begun).toBeLessThan(5_000);
    client.close();
  });

  it('survives a client that sends half a request and leaves', async () => {
    const served = await start({ plugins: [named('a')] });
    const { connect } = await import('node:net');
    const half = connect(served.addresses.a!);
    half.write('POST /v1/collect HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
    await once(half, 'connect');
    half.destroy();
    const client = createPluginClient({ local: { socket: served.addresses.a! } });
    expect((await client.collect(sampleRequest('collector'))).outcome).toBe('Collected');
    client.close();
  });
});

describe('over TCP', () => {
  it('speaks TLS, to those alone who have a token', async () => {
    const name = 'p.default.svc';
    const pems = await generate([{ name: 'commonName', value: name }], {
      algorithm: 'sha256',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
    });
    const tls = { cert: pems.cert, key: pems.private };
    const listen = { port: 0, host: '127.0.0.1', tls, authorize: (token: string) => token === 'good' };
    const served = await start({ plugins: [named('a')], listen });
    const service = { namespace: 'default', name: 'p', port: Number(new URL(served.addresses.a!).port), caBundle: pems.cert };
    const lookup = ((_: string, __: unknown, callback: (error: null, found: object[]) => void) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }])) as never;
    const client = (token: string) => createPluginClient({ service }, { lookup, mayCall: () => true, token: () => token });
    expect((await client('good').collect(sampleRequest('collector'))).outcome).toBe('Collected');
    await expect(client('bad').manifest()).rejects.toThrow('status 401: KDR_UNAUTHORIZED');
    await client('bad').ready();
  });

  it('is never open: without certificate or without a judge of tokens it is refused', async () => {
    const listen = { port: 0, tls: { cert: 'c', key: 'k' } } as ServeOptions['listen'];
    await expect(start({ plugins: [named('a')], listen })).rejects.toMatchObject({ code: 'KDR_INVALID_PLUGIN' });
  });

  it('is refused where the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const pems = await generate([{ name: 'commonName', value: 'p.example' }], { algorithm: 'sha256' });
    const listen = { port, host: '127.0.0.1', tls: { cert: pems.cert, key: pems.private }, authorize: () => true };
    await expect(start({ plugins: [named('a')], listen })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    other.close();
  });
});
