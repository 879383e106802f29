import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Manifest, type Role, LIMITS, Manifest as ManifestShape, shapeError } from '@kdr/api-types';
import { Value } from '@sinclair/typebox/value';
import { pino } from 'pino';
import { type Answers, startCallbackServer } from './callback-server.ts';
import { ROUTES } from './definition.ts';
import { type HttpAnswer, type HttpTarget, httpCall } from './http-call.ts';
import type { Plugin, PluginAnswer, PluginRequest } from './plugin.ts';
import { type SampleOptions, sampleRequest } from './sample-request.ts';
import { serve } from './serve.ts';

/** What is tested: a definition, the path of a unix socket, a URL, or a URL with the CA that signed its certificate. */
export type TestTarget = Plugin | string | { url: string; ca?: string };

/** A running plugin and the means to call it. */
export interface PluginUnderTest {
  readonly manifest: Manifest;
  /** One request of the role, checked for status 200; the answer as it came. @throws Error with the status and body of any other */
  ask(options?: SampleOptions): Promise<PluginAnswer>;
  /** A whole request of the role, to be posted. */
  request(options?: SampleOptions): PluginRequest;
  post(body: unknown, timeoutMs?: number): Promise<HttpAnswer>;
  http(method: string, path: string, body?: string, headers?: Record<string, string>, timeoutMs?: number): Promise<HttpAnswer>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 15_000;
const MAX_BYTES = LIMITS.artifactBytes;

async function manifestOf(http: PluginUnderTest['http']): Promise<Manifest> {
  const { status, body } = await http('GET', '/v1/manifest');
  if (status !== 200) throw new Error(`GET /v1/manifest: status ${status}`);
  const manifest = Value.Default(ManifestShape, JSON.parse(body.toString())) as Manifest;
  const error = shapeError(ManifestShape, manifest);
  if (error !== undefined) throw new Error(`GET /v1/manifest: ${error}`);
  return manifest;
}

function targetOf(target: Exclude<TestTarget, Plugin>): HttpTarget {
  if (typeof target !== 'string') return target;
  return /^https?:/.test(target) ? { url: target } : { socketPath: target.replace(/^unix:(\/\/)?/, '') };
}

async function served(plugin: Plugin, directory: string): Promise<{ target: HttpTarget; close(): Promise<void> }> {
  const { addresses, close } = await serve({
    ...{ plugins: [plugin], directory: join(directory, 'p'), exitOnSignal: false, drainMs: 500, logger: pino({ level: 'silent' }) },
  });
  return { target: { socketPath: addresses[plugin.manifest.name]! }, close };
}

/**
 * Makes a plugin ready to be called: a definition is served on a socket of its own. `answers` is what it hears when it asks back.
 * @throws Error where the manifest is not one
 */
export async function startPlugin(tested: TestTarget, answers: Answers = {}): Promise<PluginUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'kdr-'));
  const plugin =
    typeof tested === 'object' && 'run' in tested
      ? await served(tested, directory)
      : { target: targetOf(tested), close: async () => undefined };
  const agent = await startCallbackServer(join(directory, 'agent.sock'), answers);
  const close = async () => {
    await agent.close();
    await plugin.close();
    await rm(directory, { recursive: true, force: true });
  };
  const http: PluginUnderTest['http'] = (method, path, body, headers = {}, timeoutMs = TIMEOUT_MS) =>
    httpCall(plugin.target, {
      ...{ method, path, body, signal: AbortSignal.timeout(timeoutMs), maxBytes: MAX_BYTES },
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    });
  try {
    const manifest = await manifestOf(http);
    const role: Role = manifest.role;
    const request = (options?: SampleOptions) => sampleRequest(role, { callback: agent.callback, ...options });
    const post = (body: unknown, timeoutMs?: number) => http('POST', ROUTES[role], JSON.stringify(body), {}, timeoutMs);
    const ask = async (options?: SampleOptions) => {
      const { status, body } = await post(request(options));
      if (status !== 200) throw new Error(`status ${status}: ${body.toString().slice(0, 1024)}`);
      return JSON.parse(body.toString()) as PluginAnswer;
    };
    return { manifest, ask, request, post, http, close };
  } catch (error) {
    await close();
    throw error;
  }
}
