import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, createServer } from 'node:http';
import type { CollectRequest, DiagnoseRequest } from '@kdr/api-types';
import { createPluginClient } from '@kdr/plugin-client';
import { Type } from '@sinclair/typebox';
import { pino } from 'pino';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type CollectorDefinition, defineCollector, defineDiagnoser, serve } from './index.ts';
import { type PluginUnderTest, sampleRequest, startPlugin } from './testing.ts';

const OK = { outcome: 'Collected', summary: 's', data: {} } as const;
let plugin: PluginUnderTest;

async function collector(collect: CollectorDefinition['collect'], more: Partial<CollectorDefinition> = {}): Promise<PluginUnderTest> {
  plugin = await startPlugin(defineCollector({ name: 'c', collect, ...more }));
  return plugin;
}
const problem = ({ status, headers, body }: Awaited<ReturnType<PluginUnderTest['post']>>) => {
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  const { code, status: same, detail } = JSON.parse(body.toString()) as { code: string; status: number; detail: string };
  expect(same).toBe(status);
  return { status, code, detail };
};

afterEach(() => plugin.close());

describe('the same requestId', () => {
  it('runs once, also while the first call runs, whatever differs about the try', async () => {
    let runs = 0;
    const { post, request } = await collector(async () => ({
      ...OK,
      data: { run: await new Promise<number>((r) => setTimeout(r, 50, ++runs)) },
    }));
    const body = request();
    const again = { ...body, attempt: 2, deadline: new Date(Date.now() + 20_000).toISOString(), callback: undefined };
    const answers = [...(await Promise.all([post(body), post(again)])), await post(again)].map(({ body }) => body.toString());
    expect(new Set(answers).size).toBe(1);
    expect(runs).toBe(1);
  });

  it('with another question is refused', async () => {
    const { post, request } = await collector(() => OK);
    const body = request();
    await post(body);
    expect(problem(await post({ ...body, parameters: { a: 1 } }))).toMatchObject({ status: 409, code: 'KDR_DUPLICATE_REQUEST' });
  });

  it('runs again where the first try had no answer', async () => {
    let runs = 0;
    const { post, request } = await collector(() => {
      if (++runs === 1) throw new Error('first try');
      return OK;
    });
    const body = request();
    expect(problem(await post(body))).toMatchObject({ status: 500, code: 'KDR_PLUGIN_CRASHED', detail: 'first try' });
    expect((await post(body)).status).toBe(200);
  });
});

describe('the plugin’s own answer', () => {
  it.each([
    ['of another shape', { outcome: 'Collected', summary: 's' }, 'KDR_PLUGIN_BAD_ANSWER'],
    ['of another role', { outcome: 'Acted', actions: [] }, 'KDR_PLUGIN_BAD_ANSWER'],
    ['that is none', undefined, 'KDR_PLUGIN_BAD_ANSWER'],
    ['above 256 KiB', { ...OK, data: { x: 'x'.repeat(300_000) } }, 'KDR_PLUGIN_ANSWER_TOO_LARGE'],
  ])('%s is not sent', async (_, answer, code) => {
    const { post, request } = await collector(() => answer as never);
    expect(problem(await post(request()))).toMatchObject({ status: 500, code });
  });
});

describe('a call', () => {
  it('past its deadline is answered for the plugin, which is told by its signal; a plugin that hangs is not ready', async () => {
    let told = false;
    const { post, request, http } = await collector(
      ({ signal }) => {
        signal.addEventListener('abort', () => (told = true));
        return new Promise(() => undefined);
      },
      { concurrency: 1 },
    );
    const hanging = post(request({ deadlineMs: 200 }));
    await vi.waitFor(async () => expect(problem(await post(request()))).toMatchObject({ status: 503, code: 'KDR_BUSY' }));
    expect((await http('GET', '/readyz')).status).toBe(200);
    expect(problem(await hanging)).toMatchObject({ status: 504, code: 'KDR_PLUGIN_TIMEOUT' });
    expect(told).toBe(true);
    expect(problem(await http('GET', '/readyz'))).toMatchObject({ status: 503, detail: expect.stringContaining('past its deadline') });
    expect(problem(await post(request({ deadlineMs: -1 })))).toMatchObject({ status: 504 });
  }, 30_000);

  it('of another shape or content type is refused, naming the field', async () => {
    const { post, request, http } = await collector(() => OK);
    expect(problem(await post({ ...request(), abnormal: 7 }))).toMatchObject({
      status: 400,
      code: 'KDR_BAD_REQUEST',
      detail: 'abnormal: Expected object',
    });
    expect(problem(await post({ ...request(), protocol: 'v2' }))).toMatchObject({ status: 400, code: 'KDR_PLUGIN_PROTOCOL' });
    const text = JSON.stringify(request());
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'text/json']) {
      expect(problem(await http('POST', '/v1/collect', text, { 'content-type': type }))).toMatchObject({ status: 415 });
    }
    expect(problem(await http('POST', '/v1/collect', text.replace('{', '{"__proto__":{"a":1},')))).toMatchObject({ status: 400 });
    const deep = text.replace('"parameters":{', `"parameters":{"x":${'['.repeat(10_000)}${']'.repeat(10_000)},"y":1`);
    expect(problem(await http('POST', '/v1/collect', deep.replace('"y":1}', '"y":1}')))).toMatchObject({
      status: 400,
      detail: expect.stringContaining('nested'),
    });
    expect(problem(await http('POST', '/v1/diagnose', text))).toMatchObject({ status: 404, code: 'KDR_NOT_FOUND' });
  });

  it('is counted by outcome or code', async () => {
    const { ask, post, http } = await collector(() => OK);
    await ask();
    await post({});
    const text = (await http('GET', '/metrics')).body.toString();
    expect(text).toContain('kdr_plugin_requests_total{plugin="c",route="/v1/collect",outcome="Collected"} 1');
    expect(text).toContain('kdr_plugin_requests_total{plugin="c",route="/v1/collect",outcome="KDR_BAD_REQUEST"} 1');
    expect(text).toContain('kdr_plugin_request_duration_seconds_count{plugin="c",route="/v1/collect"} 2');
  });
});

describe('readiness', () => {
  it('is what the plugin says, within a second', async () => {
    let state: () => void | Promise<void> = () => undefined;
    const { http } = await collector(() => OK, { ready: () => state() });
    expect((await http('GET', '/readyz')).status).toBe(200);
    state = () => {
      throw new Error('bpftrace is not installed');
    };
    expect(problem(await http('GET', '/readyz'))).toMatchObject({ status: 503, detail: 'not ready: bpftrace is not installed' });
    state = () => new Promise(() => undefined);
    expect(problem(await http('GET', '/readyz'))).toMatchObject({ status: 503 });
    expect((await http('GET', '/healthz')).status).toBe(200);
  });
});

describe('/openapi.json', () => {
  it('describes the one route of the role, with the schemas that it is checked with', async () => {
    const { http } = await collector(() => OK);
    const document = JSON.parse((await http('GET', '/openapi.json')).body.toString()) as { paths: Record<string, object> };
    expect(Object.keys(document.paths)).toEqual(['/v1/manifest', '/v1/collect', '/v1/artifacts/{id}', '/healthz', '/readyz']);
    expect(JSON.stringify(document)).toContain('"requestId"');
  });
});

describe('with the agent’s client', () => {
  it('an artifact is pulled, checked and released', async () => {
    const bytes = Buffer.alloc(5 * 1024 * 1024, 'stack');
    const definition = defineCollector({
      name: 'c',
      async collect({ artifact, parameters }) {
        const data = 'large' in parameters ? Buffer.alloc(65 * 1024 * 1024) : bytes;
        return { ...OK, artifacts: [await artifact({ mediaType: 'text/plain', data })] };
      },
      parameters: Type.Object({ large: Type.Optional(Type.Boolean()) }),
    });
    const directory = await mkdtemp(join(tmpdir(), 'kdr-artifact-'));
    const served = await serve({ plugins: [definition], directory, exitOnSignal: false, logger: pino({ level: 'silent' }) });
    const client = createPluginClient({ local: { socket: served.addresses.c! } });
    const answer = await client.collect(sampleRequest('collector') as CollectRequest);
    const [artifact] = (answer as { artifacts: Parameters<typeof client.artifact>[0][] }).artifacts;
    expect(artifact).toMatchObject({ size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    const hash = createHash('sha256');
    await client.artifact(artifact!, (chunk) => void hash.update(chunk));
    expect(hash.digest('hex')).toBe(artifact!.sha256);
    await expect(client.artifact(artifact!, () => undefined)).rejects.toThrow('KDR_NOT_FOUND');
    await expect(client.collect(sampleRequest('collector', { parameters: { large: true } }))).rejects.toThrow('KDR_ARTIFACT_TOO_LARGE');
    client.close();
    await served.close();
    await rm(directory, { recursive: true });
    await collector(() => OK);
  });
});

describe('asking back', () => {
  const asking = defineDiagnoser({
    name: 'd',
    async diagnose({ collect, diagnose, read, abnormal }) {
      if (abnormal.spec.fault === 'Read')
        return { outcome: 'NotIdentified', reason: read('process', Type.Object({ pid: Type.Number() })).pid.toString() };
      if (abnormal.spec.fault === 'Other') return diagnose('other');
      const { pid } = await collect('process', { tree: true }, Type.Object({ pid: Type.Number() }));
      return { outcome: 'NotIdentified', reason: `pid ${pid}` };
    },
  });

  it('reaches collectors and diagnosers through the agent, and says by code what it could not have', async () => {
    const other = { outcome: 'NotIdentified', reason: 'by the other' } as const;
    plugin = await startPlugin(asking, { collectors: { process: { pid: 7 } }, diagnosers: { other } });
    expect(await plugin.ask()).toEqual({ outcome: 'NotIdentified', reason: 'pid 7' });
    expect(await plugin.ask({ spec: { fault: 'Other' } })).toEqual(other);
    expect(await plugin.ask({ callback: undefined })).toMatchObject({
      outcome: 'Failed',
      reason: expect.stringMatching(/^KDR_COLLECT_UNAVAILABLE/),
    });
    const denied = { ...(plugin.request() as DiagnoseRequest) };
    denied.callback = { ...denied.callback!, token: 'stale' };
    expect(JSON.parse((await plugin.post(denied)).body.toString())).toMatchObject({
      outcome: 'Failed',
      reason: 'KDR_CALLBACK_DENIED: unknown token',
    });
  });

  it('carries the trace on', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kdr-trace-'));
    const heads: IncomingHttpHeaders[] = [];
    const agent = createServer((request, response) => {
      heads.push(request.headers);
      response.writeHead(404).end();
    }).listen(join(directory, 'agent.sock'));
    plugin = await startPlugin(asking);
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const body = JSON.stringify(plugin.request({ callback: { socket: join(directory, 'agent.sock'), token: 't' } }));
    const answer = await plugin.http('POST', '/v1/diagnose', body, { traceparent });
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      outcome: 'Failed',
      reason: 'KDR_COLLECT_FAILED: the agent answered with status 404',
    });
    expect(heads).toMatchObject([{ traceparent, authorization: 'Bearer t' }]);
    agent.close();
    await rm(directory, { recursive: true });
  });

  it('reads what needs[] brought, checked', async () => {
    plugin = await startPlugin(asking);
    const spec = { fault: 'Read' };
    expect(await plugin.ask({ spec, information: { process: { pid: 9 } } })).toMatchObject({ outcome: 'NotIdentified', reason: '9' });
    const wrong: Record<string, Record<string, unknown>>[] = [{}, { process: { pid: 'x' } }];
    for (const information of wrong) {
      expect(await plugin.ask({ spec, information, purpose: 'Verify' })).toMatchObject({
        outcome: 'Failed',
        reason: expect.stringMatching(/^KDR_COLLECT_FAILED/),
      });
    }
  });
});
