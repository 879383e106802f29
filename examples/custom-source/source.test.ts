import { equal, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Abnormal, RESOURCES } from '@kdr/api-types';
import { customResourceDefinitions } from '@kdr/api-types/crd';
import { createApiClient, createLogger, customResourceDefinitionType } from '@kdr/controller-runtime';
import { startApiServer } from '@kdr/embedded-apiserver';
import { createSource } from './source.ts';

void test('a process that has used up its descriptors becomes one Abnormal, however often it is seen', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-source-'));
  const token = 'a-token-for-this-test-alone-0123456789';
  const server = await startApiServer({ directory, identities: [{ token, user: { username: 'me', groups: ['system:masters'] } }] });
  const client = createApiClient({ server: server.url, ca: server.ca, token });
  const hoarder = spawn('sh', [join(import.meta.dirname, 'hoarder.sh'), '64'], {
    env: { ...process.env, NODE: process.execPath },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  t.after(async () => {
    stop.abort();
    await Promise.all(running);
    hoarder.kill();
    await client.close();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  for (const definition of customResourceDefinitions()) await client.create(customResourceDefinitionType, definition as never);
  await once(hoarder.stdout, 'data');

  const logger = createLogger({ name: 'test', level: 'warn' });
  running.push(createSource({ client, node: 'here', logger, usedRatio: 0.9, intervalMs: 50 }).run(stop.signal));
  const found = async () =>
    (await client.list<Abnormal>(RESOURCES.Abnormal)).items.filter(({ spec }) => spec.processReference?.pid === hoarder.pid);
  while ((await found()).length === 0) await sleep(50, undefined, { signal: t.signal });
  await sleep(500);

  const [abnormal, ...others] = await found();
  equal(others.length, 0);
  equal(abnormal?.spec.fault, 'DescriptorsExhausted');
  // At least: whoever starts us may have left a descriptor above the limit open.
  ok(Number(abnormal?.spec.parameters?.used) >= 64);
});
