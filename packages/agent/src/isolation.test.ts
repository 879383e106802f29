import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { join } from 'node:path';
import type { Abnormal } from '@kdr/api-types';
import { defineDiagnoser } from '@kdr/plugin-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diagnoserOf, ended, recovererOf, testFault } from './testing/plugins.ts';
import { createWorld } from './testing/world.ts';
import type { World } from './testing/world.ts';

let world: World;
const servers: Server[] = [];
beforeEach(async () => {
  world = await createWorld();
  await world.policy('auto', { mode: 'Auto', soakSeconds: 0 });
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.closeAllConnections();
  await world.close();
});

/** A plugin that is no SDK's: it says that it is ready, has a manifest, and then misbehaves. */
async function rogue(name: string, misbehave: RequestListener): Promise<void> {
  const manifest = { name, role: 'diagnoser', version: '1', protocols: ['v1'], scope: 'node', needs: [], intrusive: [], privileges: [] };
  const server = createServer((request, response) => {
    if (request.url === '/readyz') return void response.end('ok');
    if (request.url === '/v1/manifest') return void response.setHeader('content-type', 'application/json').end(JSON.stringify(manifest));
    misbehave(request, response);
  });
  servers.push(server);
  const socket = join(world.directory, `${name}.sock`);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  await world.register({ name, role: 'diagnoser' }, { priority: 900, timeoutSeconds: 1, endpoint: { local: { socket } } });
}

const said = ({ status }: Abnormal, name: string) => status?.diagnosisAttempts?.find(({ diagnoser }) => diagnoser === name);

describe('a plugin that misbehaves', () => {
  it.each<[string, RequestListener, string]>([
    ['never answers', () => undefined, 'KDR_PLUGIN_TIMEOUT'],
    [
      'answers without end',
      (_, response) => void response.on('drain', () => response.write('x'.repeat(65_536))).write('{"outcome":"'.padEnd(65_536, 'x')),
      'KDR_PLUGIN_ANSWER_TOO_LARGE',
    ],
    ['redirects', (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(), 'KDR_PLUGIN_REDIRECT'],
    [
      'answers nonsense',
      (_, response) => void response.setHeader('content-type', 'application/json').end('{"outcome":"Splendid"}'),
      'KDR_PLUGIN_BAD_ANSWER',
    ],
    ['hangs up', (request) => void request.socket.destroy(), 'KDR_PLUGIN_'],
    ['breaks', (_, response) => void response.writeHead(500).end('boom'), 'KDR_PLUGIN_STATUS'],
  ])('that %s is noted with a code, and the next one is asked', async (_, misbehave, code) => {
    const fault = testFault(world.victim());
    await rogue('rogue', misbehave);
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    world.grants();
    await world.agent({ retries: 1 });
    await world.create('a');
    const abnormal = await world.finished('a');
    expect(abnormal.status).toMatchObject({ phase: 'Succeeded', diagnosis: { diagnoser: 'test-diagnoser' } });
    expect(said(abnormal, 'rogue')).toMatchObject({ outcome: 'Failed', reason: expect.stringContaining(code) as string });
  });

  it('that takes over more than it may changes nothing but its own answer', async () => {
    await rogue('rogue', (_, response) => {
      const answer = {
        outcome: 'NotIdentified',
        reason: 'no',
        spec: { nodeName: 'other' },
        status: { phase: 'Succeeded' },
        metadata: { name: 'b' },
      };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
    await world.agent();
    const before = await world.create('a');
    const after = await world.finished('a');
    expect(after.spec).toEqual(before.spec);
    expect(after.status).toMatchObject({ phase: 'Failed', reason: 'NotIdentified' });
    expect(said(after, 'rogue')).toEqual({
      diagnoser: 'rogue',
      outcome: 'NotIdentified',
      reason: 'no',
      finishedAt: expect.any(String) as string,
    });
  });

  it('that hangs does not hold up the others, and is skipped after a few calls', async () => {
    const hanging = defineDiagnoser({
      name: 'hanging',
      match: { faults: ['Hang'] },
      priority: 900,
      timeoutSeconds: 1,
      diagnose: ({ signal }) => ended(signal),
    });
    const quick = defineDiagnoser({ name: 'quick', diagnose: () => ({ outcome: 'NotIdentified', reason: 'no' }) });
    await world.plugins(hanging, quick);
    await world.agent({ retries: 0 });
    const names = Array.from({ length: 40 }, (_, n) => `h${n}`);
    await Promise.all(names.map((name) => world.create(name, { fault: 'Hang' })));
    await world.create('other');
    const other = await world.finished('other');
    const hung = await Promise.all(names.map((name) => world.finished(name, 15_000)));
    const reasons = hung.map((abnormal) => said(abnormal, 'hanging'));
    const ends = hung.map(({ status }) => Date.parse(status?.completionTime ?? ''));
    expect(Date.parse(other.status?.completionTime ?? '')).toBeLessThan(Math.max(...ends)); // came last, and did not wait for them
    const timedOut = reasons.filter((attempt) => attempt?.reason.includes('KDR_PLUGIN_TIMEOUT'));
    expect(timedOut.length).toBeLessThanOrEqual(8);
    expect(reasons.filter((attempt) => attempt?.reason.includes('not ready'))).toHaveLength(names.length - timedOut.length);
    expect(hung.every(({ status }) => status?.reason === 'DiagnosersFailed')).toBe(true);
  });

  it('that is slow does not make a burst fail: who waits for a turn does not lose time', async () => {
    const slow = defineDiagnoser({
      name: 'slow',
      timeoutSeconds: 1,
      diagnose: async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        return { outcome: 'NotIdentified', reason: 'slowly' };
      },
    });
    await world.plugins(slow);
    await world.agent({ retries: 0, diagnosisSeconds: 2 });
    const names = Array.from({ length: 60 }, (_, n) => `s${n}`);
    await Promise.all(names.map((name) => world.create(name)));
    const all = await Promise.all(names.map((name) => world.finished(name, 15_000)));
    expect(new Set(all.map(({ status }) => status?.reason))).toEqual(new Set(['NotIdentified']));
  });
});
