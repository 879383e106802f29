import { Counter, Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { createProbeServer } from './probe-server.ts';
import type { ProbeServer, ProbeServerOptions } from './probe-server.ts';

describe('the probe server', () => {
  let server: ProbeServer | undefined;
  const start = async (options: Partial<ProbeServerOptions>): Promise<string> => {
    server = createProbeServer({ port: 0, registry: new Registry(), ready: {}, ...options });
    await server.start();
    return server.url;
  };
  const ask = async (url: string, init?: RequestInit): Promise<[number, string]> => {
    const response = await fetch(url, init);
    return [response.status, await response.text()];
  };
  afterEach(() => server?.stop());

  it('is ready when every check is, and says which is not and why', async () => {
    let cache: boolean | string = false;
    const url = await start({
      ready: {
        cache: () => cache,
        disk: () => true,
        odd: () => {
          if (cache === true) return true;
          throw new Error('exploded');
        },
      },
    });
    expect(await ask(`${url}/readyz`)).toEqual([
      500,
      '[-]cache failed: not yet\n[+]disk ok\n[-]odd failed: exploded\nreadyz check failed\n',
    ]);
    cache = 'the first list is missing';
    expect((await ask(`${url}/readyz`))[1]).toContain('[-]cache failed: the first list is missing');
    cache = true;
    expect(await ask(`${url}/readyz`)).toEqual([200, 'ok']);
    expect((await ask(`${url}/readyz?verbose`))[1]).toContain('[+]cache ok');
  });

  it('is alive without checks, and as its checks say with some', async () => {
    let alive = true;
    const url = await start({ live: { loop: () => alive } });
    expect(await ask(`${url}/healthz`)).toEqual([200, 'ok']);
    alive = false;
    expect((await ask(`${url}/healthz`))[0]).toBe(500);
    expect((await ask(`${url}/livez`))[0]).toBe(500);
  });

  it('serves the metrics of the registry', async () => {
    const registry = new Registry();
    new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc(3);
    expect((await ask(`${await start({ registry })}/metrics`))[1]).toContain('things_total 3');
  });

  it('refuses other paths and methods, and listens on loopback', async () => {
    const url = await start({});
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await ask(`${url}/debug/pprof`))[0]).toBe(404);
    expect((await ask(`${url}/healthz`, { method: 'POST', body: 'x' }))[0]).toBe(405);
  });

  it('says so when the port is taken', async () => {
    const url = await start({});
    const second = createProbeServer({ port: Number(new URL(url).port), registry: new Registry(), ready: {} });
    await expect(second.start()).rejects.toThrow('EADDRINUSE');
  });
});
