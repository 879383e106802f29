import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Registration, RESOURCES } from '@kdr/api-types';
import { startPlatform } from '../demo/platform.ts';
import { startAgentProcess, startPeerProcess } from './agent-process.ts';
import { endChild, until } from './bench-platform.ts';
import { cpuMsOf, memoryOf, processAndDescendants } from './memory.ts';
import { type Result, atMost, quantile, ratioAtMost } from './result.ts';

const WATCH_SECONDS = 60;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Memory of an idle agent beside an idle client-node agent, and of a whole idle `kdr up` with every reference plugin ready. */
export async function p4(progress: (text: string) => void): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-bench-'));
  const platform = await startPlatform(directory, { KDR_LOG_LEVEL: 'error' });
  const agent = startAgentProcess(platform, 'bench-idle', join(directory, 'idle'));
  const peer = startPeerProcess(platform);
  try {
    const { client } = platform;
    const registered = async () =>
      (
        await Promise.all(
          (['InformationCollector', 'Diagnoser', 'Recoverer'] as const).map((kind) => client.list<Registration>(RESOURCES[kind])),
        )
      ).flatMap((list) => list.items);
    await until('all seven reference plugins are registered', async () => (await registered()).length >= 7);
    progress(`watching for ${WATCH_SECONDS} s`);
    await pause(5_000);
    const cpuBefore = cpuMsOf(agent.pid ?? 0);
    const samples: { agent: number; peer: number; up: number }[] = [];
    for (let second = 5; second < WATCH_SECONDS; second += 5) {
      await pause(5_000);
      const up = processAndDescendants(platform.process.pid ?? 0).reduce((sum, pid) => sum + memoryOf(pid).pss, 0);
      samples.push({ agent: memoryOf(agent.pid ?? 0).anonymous, peer: memoryOf(peer.pid ?? 0).anonymous, up });
    }
    const cpu = (cpuMsOf(agent.pid ?? 0) - cpuBefore) / (WATCH_SECONDS - 5);
    // V8 gives back what the start needed after about 40 s of quiet: the last third of the minute is idle.
    const settled = samples.slice(-4);
    const median = (key: 'agent' | 'peer' | 'up') =>
      quantile(
        settled.map((sample) => sample[key]),
        0.5,
      );
    return [
      atMost('P4', 'idle agent, anonymous memory', median('agent'), 35, 'MiB'),
      ratioAtMost('P4', 'idle agent, anonymous memory', median('agent'), median('peer'), 0.6, 'MiB', 'client-node 2.0.1'),
      atMost('P4', 'idle agent, CPU', cpu, 3, 'millicores'),
      atMost('P4', 'kdr up with all plugins, sum of PSS', median('up'), 150, 'MiB'),
    ];
  } finally {
    await endChild(peer);
    await endChild(agent);
    await platform.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
