import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type PluginClientOptions, PluginError, createPluginClient } from './index.ts';
import { type Behaviour, http, json, startNasty } from './nasty-plugin.ts';
import { COLLECT, DIAGNOSE, recover } from './sample-requests.ts';

const NOT = { outcome: 'NotIdentified', reason: 'nothing there' };
const MANIFEST = { name: 'p', role: 'diagnoser', version: '1', protocols: ['v1'] };

/** Diagnoses once against a server that behaves so, and gives the error. */
async function faultOf(behave: Behaviour, options: PluginClientOptions = {}): Promise<PluginError> {
  await using plugin = await startNasty(behave);
  const client = createPluginClient(plugin.endpoint, { name: 'p', role: 'diagnoser', timeoutMs: 300, ...options });
  try {
    const answer = await client.diagnose(DIAGNOSE);
    throw new Error(`answered ${JSON.stringify(answer)}`);
  } catch (error) {
    expect(error).toBeInstanceOf(PluginError);
    return error as PluginError;
  } finally {
    client.close();
  }
}

describe('an answer', () => {
  it('is checked and stripped of everything that is not the plugin’s to say', async () => {
    await using plugin = await startNasty((socket) =>
      socket.write(json({ ...NOT, abnormal: { name: 'another' }, spec: { cancel: true } })),
    );
    const client = createPluginClient(plugin.endpoint);
    expect(await client.diagnose(DIAGNOSE)).toEqual(NOT);
    client.close();
  });

  it.each([
    ['of another role', { outcome: 'Collected', summary: '', data: {} }, 'outcome: Expected one of Identified, NotIdentified, Failed'],
    ['without its fields', { outcome: 'Failed', reason: 'x' }, 'retryable: Expected required property'],
    ['that is no object', 7, 'outcome'],
  ])('%s is refused, naming the field', async (_, answer, text) => {
    expect(await faultOf((socket) => socket.write(json(answer)))).toMatchObject({
      ...{ code: 'KDR_PLUGIN_BAD_ANSWER', retryable: false, sent: true },
      message: expect.stringContaining(text),
    });
  });

  it('to an Act may not be one to a Plan', async () => {
    await using plugin = await startNasty((socket) =>
      socket.write(json({ outcome: 'Planned', actions: [{ action: 'A', description: 'd' }] })),
    );
    const client = createPluginClient(plugin.endpoint);
    expect(await client.recover(recover('Plan'))).toMatchObject({ outcome: 'Planned' });
    await expect(client.recover(recover('Act'))).rejects.toMatchObject({ code: 'KDR_PLUGIN_BAD_ANSWER', sent: true });
    client.close();
  });

  it.each([
    ['broken JSON', '{"outcome":'],
    ['JSON a hundred thousand levels deep', `{"outcome":"NotIdentified","reason":"","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['a field named __proto__', '{"outcome":"NotIdentified","reason":"","x":{"\\u005f_proto__":{"polluted":1}}}'],
  ])('of %s is refused', async (_, body) => {
    expect((await faultOf((socket) => socket.write(json(body)))).code).toBe('KDR_PLUGIN_BAD_ANSWER');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it.each([
    ['another content type', http('200 OK', { 'content-type': 'text/html' }, JSON.stringify(NOT))],
    [
      'compression that was not asked for',
      http('200 OK', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, JSON.stringify(NOT)),
    ],
    [
      'bytes that are not UTF-8',
      Buffer.from(http('200 OK', { 'content-type': 'application/json', 'content-length': '3' }, '"\xff"'), 'latin1'),
    ],
    ['something that is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['endless headers', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(10_000)}`],
  ])('with %s is refused', async (_, bytes) => {
    expect((await faultOf((socket) => socket.write(bytes))).code).toBe('KDR_PLUGIN_BAD_ANSWER');
  });
});

describe('a plugin that', () => {
  it('is not there was not reached: nothing was sent', async () => {
    const client = createPluginClient({ local: { socket: '/nonexistent/p.sock' } });
    const fault = { code: 'KDR_PLUGIN_UNREACHABLE', retryable: true, sent: false };
    await expect(client.ready()).rejects.toMatchObject(fault);
    await expect(client.recover(recover('Act'))).rejects.toMatchObject(fault);
  });

  it('hangs is left at the deadline, and its connection closed', async () => {
    await using plugin = await startNasty(() => undefined);
    const client = createPluginClient(plugin.endpoint, { timeoutMs: 100 });
    await expect(client.diagnose(DIAGNOSE)).rejects.toMatchObject({ code: 'KDR_PLUGIN_TIMEOUT', retryable: true, sent: true });
    await Promise.all([...plugin.open].map((connection) => connection.destroyed || once(connection, 'close')));
    expect(plugin.open.size).toBe(0);
  });

  it('drips a byte now and then meets the same deadline', async () => {
    let drip: NodeJS.Timeout | undefined;
    const fault = await faultOf((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
      drip = setInterval(() => socket.write(' '), 20);
      socket.on('close', () => clearInterval(drip));
    });
    clearInterval(drip);
    expect(fault).toMatchObject({ code: 'KDR_PLUGIN_TIMEOUT', sent: true });
  });

  it('announces ten gigabytes is not read', async () => {
    const fault = await faultOf((socket) =>
      socket.write(http('200 OK', { 'content-type': 'application/json', 'content-length': '10000000000' })),
    );
    expect(fault).toMatchObject({ code: 'KDR_PLUGIN_ANSWER_TOO_LARGE', retryable: false });
  });

  it('sends without end is cut off after 256 KiB', async () => {
    let written = 0;
    const block = Buffer.alloc(64 * 1024, 0x20);
    const fault = await faultOf(
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n');
        const pump = () => {
          while (!socket.destroyed && socket.write(block)) written += block.length;
        };
        socket.on('drain', pump);
        pump();
      },
      { timeoutMs: 5_000 },
    );
    expect(fault.code).toBe('KDR_PLUGIN_ANSWER_TOO_LARGE');
    // What the kernel's socket buffers hold comes on top of the limit.
    expect(written).toBeLessThan(4 * 1024 * 1024);
  });

  it('redirects is not followed', async () => {
    const fault = await faultOf((socket) => socket.write(http('302 Found', { location: 'http://169.254.169.254/latest/' })));
    expect(fault).toMatchObject({ code: 'KDR_PLUGIN_REDIRECT', retryable: false, message: expect.stringContaining('169.254.169.254') });
  });

  it('breaks the connection in the middle may have done it', async () => {
    const fault = await faultOf((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
      setTimeout(() => socket.destroy(), 20);
    });
    expect(fault).toMatchObject({ code: 'KDR_PLUGIN_DISCONNECTED', retryable: true, sent: true });
  });

  it('reports a problem is quoted: code, detail, cut, on one line', async () => {
    const problem = { title: 't', status: 500, code: 'KDR_PLUGIN_CRASHED', detail: `line\n\u001b[2J${'x'.repeat(10_000)}` };
    const fault = await faultOf((socket) =>
      socket.write(http('500 Oops', { 'content-type': 'application/problem+json' }, JSON.stringify(problem))),
    );
    expect(fault).toMatchObject({ code: 'KDR_PLUGIN_STATUS', retryable: true, sent: true });
    expect(fault.message).toContain('status 500: KDR_PLUGIN_CRASHED: line [2Jxxx');
    expect(fault.message.length).toBeLessThan(600);
  });

  it('refuses the request is not asked again', async () => {
    expect(await faultOf((socket) => socket.write(http('400 Bad', {}, 'no')))).toMatchObject({
      code: 'KDR_PLUGIN_STATUS',
      retryable: false,
    });
  });

  it('closes its kept connections between two calls is asked again without a word, but never for an Act', async () => {
    let calls = 0;
    await using plugin = await startNasty((socket) => {
      calls++;
      // Answers the first request of a connection and resets on the second: what a restarting plugin looks like.
      if (socket.listenerCount('used') > 0) return socket.destroy();
      socket.on('used', () => undefined);
      socket.write(json({ outcome: 'TargetGone' }));
    });
    const client = createPluginClient(plugin.endpoint);
    for (let i = 0; i < 2; i++) await client.recover(recover('Plan'));
    expect(calls).toBe(3);
    await client.recover(recover('Act'));
    expect(calls).toBe(4);
    client.close();
  });
});

describe('a call', () => {
  it('carries traceparent, where it is one', async () => {
    const heads: string[] = [];
    await using plugin = await startNasty((socket, request) => {
      heads.push(request);
      socket.write(json(NOT));
    });
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    let trace = traceparent;
    const client = createPluginClient(plugin.endpoint, { trace: () => trace });
    await client.diagnose(DIAGNOSE);
    trace = 'x\r\nevil: 1';
    await client.diagnose(DIAGNOSE);
    client.close();
    expect(heads[0]).toContain(`traceparent: ${traceparent}\r\n`);
    expect(heads[1]).not.toContain('evil');
  });

  it('can be given up by its caller', async () => {
    await using plugin = await startNasty(() => undefined);
    const client = createPluginClient(plugin.endpoint);
    const caller = new AbortController();
    const call = client.diagnose(DIAGNOSE, { signal: caller.signal });
    setTimeout(() => caller.abort(new Error('cancelled')), 50);
    await expect(call).rejects.toMatchObject({ code: 'KDR_PLUGIN_ABORTED', retryable: false });
    await expect(client.ready({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'KDR_PLUGIN_ABORTED', sent: false });
  });

  it('larger than 1 MiB is not sent', async () => {
    const client = createPluginClient({ local: { socket: '/nonexistent/p.sock' } });
    await expect(client.collect({ ...COLLECT, parameters: { x: 'x'.repeat(1024 * 1024) } })).rejects.toMatchObject({
      ...{ code: 'KDR_REQUEST_TOO_LARGE', sent: false },
    });
  });

  it('waits its turn, no longer than its own deadline, while readiness needs none', async () => {
    const held: (() => void)[] = [];
    await using plugin = await startNasty((socket, request) => {
      if (request.startsWith('GET')) socket.write(json({}));
      else held.push(() => socket.write(json(NOT)));
    });
    const client = createPluginClient(plugin.endpoint, { concurrency: 2 });
    const running = [client.diagnose(DIAGNOSE), client.diagnose(DIAGNOSE)];
    await expect(client.diagnose(DIAGNOSE, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'KDR_PLUGIN_TIMEOUT', sent: false });
    await client.ready({ timeoutMs: 1_000 });
    expect(held.length).toBe(2);
    const next = client.diagnose(DIAGNOSE);
    held.shift()!();
    await running[0];
    await expect.poll(() => held.length).toBe(2);
    for (const answer of held) answer();
    await Promise.all([...running, next]);
    client.close();
  });
});

describe('a manifest', () => {
  const read = async (manifest: unknown, options: PluginClientOptions = { name: 'p', role: 'diagnoser' }) => {
    await using plugin = await startNasty((socket) => socket.write(json(manifest)));
    const client = createPluginClient(plugin.endpoint, options);
    return await client.manifest().finally(() => client.close());
  };

  it('may leave out what has a default', async () => {
    expect(await read({ ...MANIFEST, scope: 'node', privileges: [] })).toMatchObject({ name: 'p', needs: [], intrusive: [] });
  });

  it.each([
    ['another role', { ...MANIFEST, role: 'recoverer' }, 'KDR_PLUGIN_WRONG_ROLE'],
    ['another name', { ...MANIFEST, name: 'q' }, 'KDR_PLUGIN_WRONG_ROLE'],
    ['another protocol', { protocols: ['v2'] }, 'KDR_PLUGIN_PROTOCOL'],
    ['another shape', { ...MANIFEST, needs: 'all' }, 'KDR_PLUGIN_BAD_ANSWER'],
  ])('of %s is refused', async (_, manifest, code) => {
    await expect(read({ privileges: [], ...manifest })).rejects.toMatchObject({ code });
  });
});

describe('an artifact', () => {
  const bytes = Buffer.alloc(300_000, 'kdr');
  const artifact = { id: 'a-1', mediaType: 'text/plain', size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };

  async function pull(content: Buffer, announced = artifact) {
    const requests: string[] = [];
    await using plugin = await startNasty((socket, request) => {
      requests.push(request.split(' HTTP')[0]!);
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${content.length}\r\n\r\n`);
      socket.write(content);
    });
    const client = createPluginClient(plugin.endpoint);
    const chunks: Buffer[] = [];
    await client.artifact(announced, (chunk) => void chunks.push(chunk)).finally(() => client.close());
    return { content: Buffer.concat(chunks), requests };
  }

  it('is streamed, checked and released', async () => {
    const { content, requests } = await pull(bytes);
    expect(content.equals(bytes)).toBe(true);
    expect(requests).toEqual(['GET /v1/artifacts/a-1', 'DELETE /v1/artifacts/a-1']);
  });

  it.each([
    ['larger than announced', Buffer.concat([bytes, bytes])],
    ['smaller than announced', bytes.subarray(1)],
    ['of another content', Buffer.alloc(bytes.length, 'rdk')],
  ])('%s is refused', async (_, content) => {
    await expect(pull(content)).rejects.toMatchObject({ code: 'KDR_ARTIFACT_INVALID' });
  });

  it('above 64 MiB is not asked for', async () => {
    await expect(pull(bytes, { ...artifact, size: 65 * 1024 * 1024 })).rejects.toMatchObject({
      code: 'KDR_ARTIFACT_TOO_LARGE',
      sent: false,
    });
  });

  it('that can’t be written fails with the writer’s own error', async () => {
    await using plugin = await startNasty((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes.length}\r\n\r\n`);
      socket.write(bytes);
    });
    const full = Object.assign(new Error('disk full'), { code: 'ENOSPC' });
    await expect(createPluginClient(plugin.endpoint).artifact(artifact, () => Promise.reject(full))).rejects.toBe(full);
  });
});
