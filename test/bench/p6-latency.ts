import { type Abnormal, RESOURCES, isTerminal } from '@kdr/api-types';
import { type KubernetesObject, nodeType } from '@kdr/controller-runtime';
import { noopAbnormal, startBenchPlatform } from './bench-platform.ts';
import { type Result, atMost, quantile } from './result.ts';

const COUNT = 300;
/** First ones that are not counted: the code is not compiled yet. */
const WARM_UP = 50;

/** Milliseconds from the create's acknowledgement to Succeeded, one Abnormal at a time. */
export async function p6(progress: (text: string) => void): Promise<Result[]> {
  const platform = await startBenchPlatform();
  try {
    const { client } = platform;
    const node = (await client.list<KubernetesObject>(nodeType)).items[0]?.metadata?.name ?? '';
    const ends = new Map<string, PromiseWithResolvers<Abnormal>>();
    const stop = new AbortController();
    const { metadata } = await client.list<Abnormal>(RESOURCES.Abnormal, { limit: 1 });
    const watching = (async () => {
      for await (const event of client.watch<Abnormal>(RESOURCES.Abnormal, {
        resourceVersion: metadata?.resourceVersion,
        signal: stop.signal,
      })) {
        if (event.type === 'BOOKMARK') continue;
        const object = event.object as Abnormal;
        if (isTerminal(object.status?.phase)) ends.get(object.metadata.name)?.resolve(object);
      }
    })().catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    const times: number[] = [];
    progress(`${COUNT} Abnormals, one after another`);
    for (let index = 0; index < WARM_UP + COUNT; index++) {
      const name = `one-${index}`;
      const end = Promise.withResolvers<Abnormal>();
      ends.set(name, end);
      await client.create(RESOURCES.Abnormal, noopAbnormal(name, node));
      const acknowledged = performance.now();
      const { status } = await end.promise;
      if (index >= WARM_UP) times.push(performance.now() - acknowledged);
      if (status?.phase !== 'Succeeded') throw new Error(`${name} ended as ${status?.phase}: ${status?.message}`);
    }
    stop.abort();
    await watching;
    return [
      atMost('P6', 'latency of one Abnormal, p50', quantile(times, 0.5), 40, 'ms'),
      atMost('P6', 'latency of one Abnormal, p99', quantile(times, 0.99), 150, 'ms'),
    ];
  } finally {
    await platform.stop();
  }
}
