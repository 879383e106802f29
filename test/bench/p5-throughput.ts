import { type Abnormal, RESOURCES } from '@kdr/api-types';
import { type KubernetesObject, nodeType } from '@kdr/controller-runtime';
import { noopAbnormal, startBenchPlatform } from './bench-platform.ts';
import { type Result, atLeast, atMost } from './result.ts';

const COUNT = 10_000;
/** Creates under way at once: enough to keep the pipeline full, and no more. */
const CREATORS = 16;

/** Abnormals per second from create to Succeeded; every one of them must be repaired exactly once. */
export async function p5(progress: (text: string) => void, count = COUNT): Promise<Result[]> {
  const platform = await startBenchPlatform();
  try {
    const { client } = platform;
    const node = (await client.list<KubernetesObject>(nodeType)).items[0]?.metadata?.name ?? '';
    const writes = new Map<string, number>();
    const finished = new Map<string, Abnormal>();
    const stop = new AbortController();
    const all = Promise.withResolvers<void>();
    const { metadata } = await client.list<Abnormal>(RESOURCES.Abnormal, { limit: 1 });
    const watching = (async () => {
      for await (const event of client.watch<Abnormal>(RESOURCES.Abnormal, {
        resourceVersion: metadata?.resourceVersion,
        signal: stop.signal,
      })) {
        if (event.type === 'BOOKMARK') continue;
        const object = event.object as Abnormal;
        const { name } = object.metadata;
        // Each write of an object is one event of its watch.
        if (event.type === 'MODIFIED') writes.set(name, (writes.get(name) ?? 0) + 1);
        if (object.status?.completionTime !== undefined && (object.metadata.finalizers ?? []).length === 0) finished.set(name, object);
        if (finished.size === count) all.resolve();
      }
    })().catch((error: unknown) => (stop.signal.aborted ? undefined : all.reject(error)));

    const begun = Date.now();
    const report = setInterval(() => progress(`${finished.size} of ${count}`), 5_000);
    let next = 0;
    const creator = async () => {
      while (next < count) await client.create(RESOURCES.Abnormal, noopAbnormal(`bench-${next++}`, node));
    };
    await Promise.all(Array.from({ length: CREATORS }, creator));
    await Promise.race([
      all.promise,
      new Promise((_, reject) =>
        setTimeout(() => reject(new Error(`only ${finished.size} of ${count} finished in 5 min`)), 300_000).unref(),
      ),
    ]);
    const seconds = (Date.now() - begun) / 1000;
    clearInterval(report);
    stop.abort();
    await watching;

    const bad = [...finished.values()].filter(
      ({ status }) => status?.phase !== 'Succeeded' || status.reason !== 'Recovered' || status.recovery?.attempts?.length !== 1,
    );
    if (bad.length > 0) throw new Error(`${bad.length} did not succeed by exactly one attempt, e.g. ${JSON.stringify(bad[0]?.status)}`);
    return [
      atLeast('P5', `pipeline throughput, ${count} Abnormals, none lost`, count / seconds, 100, '/s'),
      atMost('P5', 'writes per Abnormal after its creation (most)', Math.max(...writes.values()), 8, 'writes'),
    ];
  } finally {
    await platform.stop();
  }
}
