import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generate } from 'selfsigned';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiServerConfig } from './api-server-config.ts';
import { podType } from './resource-type.ts';
import { sendStatus, startFaultServer } from './testing/fault-server.ts';
import type { FaultServer } from './testing/fault-server.ts';

describe('who a client is', () => {
  let server: FaultServer;
  const clients: ApiClient[] = [];
  const connect = (config: Partial<ApiServerConfig>): ApiClient => {
    const client = createApiClient({ server: server.url, ...config });
    clients.push(client);
    return client;
  };
  beforeEach(async () => {
    server = await startFaultServer();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await server.stop();
  });

  it('asks the source of tokens before each request and watch, and once more after a 401', async () => {
    const asked: boolean[] = [];
    let token = 'old';
    const client = connect({
      token: (rejected) => {
        asked.push(rejected);
        if (rejected) token = 'new';
        return Promise.resolve(token);
      },
    });
    server.next('LIST', ({ response }) => sendStatus(response, 401, 'Unauthorized', 'no'));
    await client.list(podType);
    const events = client.watch(podType, { resourceVersion: '1' })[Symbol.asyncIterator]();
    server.put('/api/v1/namespaces/a/pods', { metadata: { namespace: 'a', name: 'p' } });
    await events.next();
    await events.return?.();
    expect(asked).toEqual([false, true, false, false]);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new', 'Bearer new']);
  });

  it('does not ask again when the source has the same token still, and says so when it has none', async () => {
    const refused = connect({ token: () => Promise.resolve('same') });
    server.always('LIST', ({ response }) => sendStatus(response, 401, 'Unauthorized', 'no'));
    await expect(refused.list(podType)).rejects.toMatchObject({ status: 401 });
    expect(server.seen).toHaveLength(1);
    server.always('LIST', undefined);
    await connect({ token: () => Promise.resolve(undefined) }).list(podType);
    expect(server.seen[1]?.headers.authorization).toBe(undefined);
    await expect(connect({ token: () => Promise.reject(new Error('not logged in')) }).list(podType)).rejects.toThrow('not logged in');
  });

  it('sends the headers of its configuration, also those that stand twice, and its own above them', async () => {
    const headers = { 'Impersonate-User': 'jane', 'Impersonate-Group': ['a', 'b'], accept: 'text/html' };
    await connect({ headers }).list(podType);
    expect(server.seen[0]?.headers).toMatchObject({ 'impersonate-user': 'jane', 'impersonate-group': 'a, b', accept: 'application/json' });
  });
});

describe('whom a client trusts', () => {
  it('takes another name than the host for the one on the certificate, or any where it is told not to look', async () => {
    const pems = await generate([{ name: 'commonName', value: 'tunnelled' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'tunnelled.example' }] }],
    });
    const server = await startFaultServer({ key: pems.private, cert: pems.cert });
    const asks = async (config: Partial<ApiServerConfig>): Promise<string> => {
      const client = createApiClient({ server: server.url, ...config });
      const answer = await client.list(podType).then(
        () => 'answered',
        (error: Error) => error.message,
      );
      await client.close();
      return answer;
    };
    expect(await asks({ ca: pems.cert })).toMatch(/does not match certificate's altnames/);
    expect(await asks({ ca: pems.cert, tlsServerName: 'tunnelled.example' })).toBe('answered');
    expect(await asks({ ca: pems.cert, tlsServerName: 'other.example' })).toMatch(/does not match/);
    expect(await asks({ tlsServerName: 'tunnelled.example' })).toMatch(/not trusted/);
    expect(await asks({ insecureSkipTlsVerify: true })).toBe('answered');
    await server.stop();
  });
});
