import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer } from '../testing/api-client.ts';
import type { ApiClient, TestServer } from '../testing/api-client.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const rounds = 15;
const writers = 8;

let running: TestServer;
let admin: ApiClient;
beforeAll(async () => {
  running = await startTestServer();
  admin = running.admin;
});
afterAll(() => running.stop());

/** Reads, adds one, and writes with the resourceVersion read, until it has succeeded `rounds` times; returns the conflicts. */
async function count(): Promise<number> {
  let conflicts = 0;
  for (let done = 0; done < rounds;) {
    const { body } = await admin.get(`${configMaps}/counter`);
    const data = { count: String(Number((body['data'] as { count: string }).count) + 1) };
    const { code } = await admin.put(`${configMaps}/counter`, { ...body, data });
    if (code === 200) done += 1;
    else if (code === 409) conflicts += 1;
    else throw new Error(`unexpected ${code}`);
  }
  return conflicts;
}

it('loses no update of writers that compete, and shows a watcher each one once and in order', async () => {
  const { body } = await admin.post(configMaps, { metadata: { name: 'counter' }, data: { count: '0' } });
  const watch = await admin.watch(`${configMaps}?watch=1&resourceVersion=${body.metadata.resourceVersion}`);
  const conflicts = await Promise.all(Array.from({ length: writers }, count));
  expect(conflicts.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(0);
  const seen: number[] = [];
  let version = Number(body.metadata.resourceVersion);
  for (let index = 0; index < writers * rounds; index += 1) {
    const event = (await watch.next())!;
    seen.push(Number((event.object['data'] as { count: string }).count));
    expect(Number(event.object.metadata.resourceVersion)).toBe((version += 1));
  }
  expect(seen).toEqual(Array.from({ length: writers * rounds }, (_, index) => index + 1));
  watch.close();
});

it('lets exactly one of many creators have a name', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => admin.post(configMaps, { metadata: { name: 'mine' } })));
  expect(answers.filter(({ code }) => code === 201)).toHaveLength(1);
  expect(answers.filter(({ code }) => code === 409)).toHaveLength(19);
});

it('lists a state at which a watch goes on without a gap, while others write', async () => {
  const writing = Array.from({ length: 60 }, (_, index) => admin.post(configMaps, { metadata: { name: `gap-${index}` } }));
  const { body } = await admin.get(configMaps);
  const listed = body.items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('gap-'));
  const watch = await admin.watch(`${configMaps}?watch=1&resourceVersion=${body.metadata.resourceVersion}`);
  await Promise.all(writing);
  const watched: string[] = [];
  while (listed.length + watched.length < 60) watched.push((await watch.next())!.object.metadata.name);
  expect(new Set([...listed, ...watched]).size).toBe(60);
  watch.close();
});
