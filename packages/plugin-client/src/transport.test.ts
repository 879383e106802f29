import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPluginClient, mayCall } from './index.ts';
import { http, json, startTls } from './nasty-plugin.ts';
import { DIAGNOSE } from './sample-requests.ts';

const NOT = { outcome: 'NotIdentified', reason: 'nothing there' };
const resolveTo = (...addresses: string[]): LookupFunction =>
  ((_: string, __: unknown, callback: (error: null, found: LookupAddress[]) => void) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as LookupFunction;
const ANYWHERE = { lookup: resolveTo('127.0.0.1'), mayCall: () => true };

describe('a TLS endpoint', () => {
  it('is called with its certificate verified, and never with the token that is meant for Services', async () => {
    const requests: string[] = [];
    await using server = await startTls('plugin.example', (socket, request) => {
      requests.push(request);
      socket.write(json(NOT));
    });
    const url = { url: `https://plugin.example:${server.port}/kdr/`, caBundle: server.caBundle };
    const client = createPluginClient({ url }, { ...ANYWHERE, token: () => 'the-token' });
    expect(await client.diagnose(DIAGNOSE)).toEqual(NOT);
    expect(requests[0]).toMatch(/^POST \/kdr\/v1\/diagnose HTTP/);
    expect(requests[0]).not.toContain('authorization');
    client.close();
  });

  it('of a Service is called by the Service’s name, with the bearer token', async () => {
    const requests: string[] = [];
    await using server = await startTls('disk.kdr-system.svc', (socket, request) => {
      requests.push(request);
      socket.write(json(NOT));
    });
    const service = { namespace: 'kdr-system', name: 'disk', port: server.port, caBundle: server.caBundle };
    const client = createPluginClient({ service }, { ...ANYWHERE, token: () => 'the-token' });
    expect(await client.diagnose(DIAGNOSE)).toEqual(NOT);
    expect(requests[0]).toContain('authorization: Bearer the-token\r\n');
    client.close();
  });

  it('whose certificate nobody vouches for, or that is another’s, gets nothing', async () => {
    let requests = 0;
    await using server = await startTls('plugin.example', (socket) => {
      requests++;
      socket.write(json(NOT));
    });
    for (const url of [
      { url: `https://plugin.example:${server.port}` },
      { url: `https://other.example:${server.port}`, caBundle: server.caBundle },
    ]) {
      const client = createPluginClient({ url }, { ...ANYWHERE, token: () => 'secret' });
      await expect(client.diagnose(DIAGNOSE)).rejects.toMatchObject({ code: 'KDR_PLUGIN_UNREACHABLE', sent: false });
    }
    expect(requests).toBe(0);
  });

  it('does not follow a redirect', async () => {
    await using server = await startTls('plugin.example', (socket) =>
      socket.write(http('307 Temporary', { location: 'https://127.0.0.1/' })),
    );
    const client = createPluginClient({ url: { url: `https://plugin.example:${server.port}`, caBundle: server.caBundle } }, ANYWHERE);
    await expect(client.diagnose(DIAGNOSE)).rejects.toMatchObject({ code: 'KDR_PLUGIN_REDIRECT' });
    client.close();
  });

  it('whose token can’t be read is not called', async () => {
    const service = { namespace: 'kdr-system', name: 'disk', port: 8443 };
    const client = createPluginClient({ service }, { ...ANYWHERE, token: () => Promise.reject(new Error('no file')) });
    await expect(client.diagnose(DIAGNOSE)).rejects.toMatchObject({ code: 'KDR_PLUGIN_UNREACHABLE', sent: false });
    const hanging = createPluginClient({ service }, { ...ANYWHERE, timeoutMs: 50, token: () => new Promise(() => undefined) });
    await expect(hanging.diagnose(DIAGNOSE)).rejects.toMatchObject({ code: 'KDR_PLUGIN_TIMEOUT', sent: false });
  });
});

describe('an endpoint', () => {
  it('whose name leads to the node itself, or partly there, is refused after resolution', async () => {
    for (const lookup of [resolveTo('127.0.0.1'), resolveTo('10.1.2.3', '169.254.169.254'), resolveTo('::ffff:127.0.0.1')]) {
      const client = createPluginClient({ url: { url: 'https://plugin.example' } }, { lookup });
      await expect(client.diagnose(DIAGNOSE)).rejects.toMatchObject({ code: 'KDR_ENDPOINT_REFUSED', retryable: false, sent: false });
    }
  });

  it('that resolves to localhost by the machine’s own resolver is refused', async () => {
    const client = createPluginClient({ url: { url: 'https://localhost' } });
    await expect(client.diagnose(DIAGNOSE)).rejects.toMatchObject({ code: 'KDR_ENDPOINT_REFUSED' });
  });

  it.each([
    'https://127.0.0.1',
    'https://127.1',
    'https://2130706433',
    'https://0x7f000001',
    'https://017700000001',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:7f00:1]',
    'https://[64:ff9b::a9fe:a9fe]',
    'https://169.254.169.254/latest/meta-data',
    'https://[fe80::1]',
    'https://[fd00:ec2::254]',
    'https://0.0.0.0',
    'https://user:secret@plugin.example',
    'http://plugin.example',
    'https://',
  ])('%s is refused before anything is sent', (url) => {
    expect(() => createPluginClient({ url: { url } })).toThrow(expect.objectContaining({ code: 'KDR_ENDPOINT_REFUSED' }));
  });

  it('must be exactly one', () => {
    const local = { socket: '/p.sock' };
    for (const endpoint of [{}, { local, url: { url: 'https://plugin.example' } }]) {
      expect(() => createPluginClient(endpoint)).toThrow(expect.objectContaining({ code: 'KDR_ENDPOINT_REFUSED' }));
    }
  });
});

describe('mayCall', () => {
  it('lets ordinary addresses pass', () => {
    for (const address of ['10.96.0.1', '192.168.1.1', '8.8.8.8', '2606:4700::1111', 'fd12:3456::1', '100.64.0.1'])
      expect(mayCall(address)).toBe(true);
  });

  it('refuses what is no address', () => {
    for (const text of ['', 'localhost', '1.2.3', '::g']) expect(mayCall(text)).toBe(false);
  });

  it('refuses loopback and link-local in every embedding', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.constantFrom('127', '169.254', '0'), byte, byte, byte, (net, a, b, c) => {
        const v4 = [...net.split('.'), a, b, c].slice(0, 4).join('.');
        return ['', '::ffff:', '::', '64:ff9b::'].every((prefix) => !mayCall(prefix + v4));
      }),
    );
  });
});
