import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import type { Artifact, Information } from '@kdr/api-types';
import type { PluginClient } from '@kdr/plugin-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createArtifactStore } from './artifact-store.ts';
import { createInformationStore } from './information-store.ts';
import { withAskedBack, withInformation } from './information-status.ts';
import { missingNeeds, neededCollectors } from './needed-collectors.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'kdr-information-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('which collectors run first', () => {
  it('are those of the spec, in its order, then what the diagnosers need, each once', () => {
    const spec = { informationCollectors: [{ name: 'b' }, { name: 'a', optional: true }] };
    const diagnosers = [
      {
        name: 'd1',
        needs: [
          { collector: 'a', required: true },
          { collector: 'c', required: true },
        ],
      },
      { name: 'd2', needs: [{ collector: 'c', required: false }] },
    ];
    expect(neededCollectors(spec, diagnosers)).toEqual([
      { collector: 'b', required: true, requestedBy: 'spec' },
      { collector: 'a', required: false, requestedBy: 'spec, d1' },
      { collector: 'c', required: false, requestedBy: 'd1, d2' },
    ]);
    expect(neededCollectors({}, [])).toEqual([]);
  });

  it('that a plugin misses are only the ones that it requires', () => {
    const needs = [
      { collector: 'a', required: true },
      { collector: 'b', required: false },
    ];
    expect(missingNeeds(needs, () => false)).toEqual(['a']);
  });
});

describe('information in the status', () => {
  const entry = (collector: string, bytes: number, more: Partial<Information> = {}): Information => ({
    collector,
    outcome: 'Collected',
    summary: 's',
    data: { x: 'y'.repeat(bytes) },
    ...more,
  });

  it('keeps 4 KiB of data of each collector and 64 KiB in all', () => {
    const many = Array.from({ length: 32 }, (_, n) => entry(`c${n}`, 3_900));
    const { information = [] } = withInformation({}, [...many, entry('big', 5_000)]);
    expect(Buffer.byteLength(JSON.stringify(information))).toBeLessThan(68 * 1024);
    expect(information).toHaveLength(32);
    expect(information.find(({ collector }) => collector === 'big')).toMatchObject({
      summary: expect.stringContaining('in the node') as string,
    });
    expect(information.find(({ collector }) => collector === 'big')?.data).toBeUndefined();
  });

  it('lets a question back add to what was collected, and never replace it', () => {
    const status = withInformation({}, [entry('a', 1, { requestedBy: 'spec' })]);
    const asked = withAskedBack(status, [
      { collector: 'a', outcome: 'Failed', requestedBy: 'd' },
      { collector: 'b', outcome: 'Absent', requestedBy: 'd' },
    ]);
    expect(asked.information).toMatchObject([
      { collector: 'a', outcome: 'Collected', requestedBy: 'spec, d' },
      { collector: 'b', outcome: 'Absent', requestedBy: 'd' },
    ]);
  });
});

describe('the store of information', () => {
  it('gives back what was put, drops it with its Abnormal, and sweeps what belongs to none', async () => {
    const store = createInformationStore(directory);
    const information = { summary: 's', data: { a: 1 }, collectedAt: '2026-01-01T00:00:00Z' };
    await store.put('u1', 'process', information);
    await store.put('u2', 'process', information);
    await store.put('u3', 'process', information);
    expect(await store.get('u1', 'process')).toEqual(information);
    expect(await store.get('u1', 'other')).toBeUndefined();
    expect(statSync(join(directory, 'u1/process.json')).mode & 0o777).toBe(0o600);
    await store.drop('u1');
    await store.sweep((uid) => uid === 'u3');
    expect(await Promise.all(['u1', 'u2', 'u3'].map((uid) => store.get(uid, 'process')))).toEqual([undefined, undefined, information]);
  });

  it('refuses a name that leads out of its directory', async () => {
    await expect(createInformationStore(directory).put('../u', 'x', { summary: '', data: {}, collectedAt: '' })).rejects.toThrow(
      /can't be the name/,
    );
  });
});

describe('the store of artifacts', () => {
  const artifactOf = (text: string): Artifact => ({
    id: text.slice(0, 8),
    mediaType: 'text/plain',
    size: text.length,
    sha256: createHash('sha256').update(text).digest('hex'),
  });
  const clientOf = (text: string) =>
    ({
      artifact: async (_: Artifact, write: (chunk: Buffer) => unknown) => void (await write(Buffer.from(text))),
    }) as unknown as PluginClient;
  const pull = (store: ReturnType<typeof createArtifactStore>, text: string) =>
    store.pull(clientOf(text), artifactOf(text), AbortSignal.timeout(5_000));

  it('keeps them by digest, 0600, and gives the reference', async () => {
    const store = createArtifactStore(directory, 1_000);
    const reference = await pull(store, 'hello');
    expect(reference).toEqual({ name: 'hello', mediaType: 'text/plain', size: 5, sha256: artifactOf('hello').sha256 });
    expect(statSync(store.pathOf(reference.sha256)).mode & 0o777).toBe(0o600);
  });

  it('makes room by dropping what was not used for longest', async () => {
    const store = createArtifactStore(directory, 250);
    const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(100));
    for (const text of texts) {
      await pull(store, text);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    const there = texts.map((text) => statSync(store.pathOf(artifactOf(text).sha256), { throwIfNoEntry: false }) !== undefined);
    expect(there).toEqual([false, true, true]);
  });

  it('keeps nothing of one that broke off', async () => {
    const store = createArtifactStore(directory, 1_000);
    const broken = { artifact: () => Promise.reject(new Error('cut')) } as unknown as PluginClient;
    await expect(store.pull(broken, artifactOf('x'), AbortSignal.timeout(1_000))).rejects.toThrow('cut');
    expect(statSync(store.pathOf(artifactOf('x').sha256), { throwIfNoEntry: false })).toBeUndefined();
  });
});
