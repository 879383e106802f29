import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Abnormal, RESOURCES } from '@kdr/api-types';
import { startPlatform } from '../demo/platform.ts';
import { startAgentProcess, startPeerProcess } from './agent-process.ts';
import { endChild, noopAbnormal } from './bench-platform.ts';
import { type Result, atMost, quantile, ratioAtMost } from './result.ts';

const PAIRS = 7;

/** Seconds from the start of the process to its first reconcile: ours has written a status by then, the peer has only seen the object. */
export async function p13(progress: (text: string) => void): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-bench-'));
  const platform = await startPlatform(directory, { KDR_LOG_LEVEL: 'error' }, ['--no-bundle']);
  const ours: number[] = [];
  const peers: number[] = [];
  try {
    const { client } = platform;
    progress(`${PAIRS} pairs`);
    for (let pair = 0; pair < PAIRS; pair++) {
      const node = `start-${pair}`;
      const made = await client.create<Abnormal>(RESOURCES.Abnormal, noopAbnormal(node, node));
      const taken = client.watch<Abnormal>(RESOURCES.Abnormal, {
        fieldSelector: `spec.nodeName=${node}`,
        resourceVersion: made.metadata.resourceVersion,
      });
      const begun = performance.now();
      const agent = startAgentProcess(platform, node, join(directory, node));
      agent.once('exit', (code) => code === null || code === 0 || progress(`the agent ended by itself with code ${code}`));
      for await (const event of taken) if (event.type === 'MODIFIED') break;
      ours.push((performance.now() - begun) / 1000);
      await endChild(agent);

      const begunPeer = performance.now();
      const peer = startPeerProcess(platform);
      await new Promise((resolve) => peer.stdout?.once('data', resolve));
      peers.push((performance.now() - begunPeer) / 1000);
      await endChild(peer);
    }
    const [mine, theirs] = [quantile(ours, 0.5), quantile(peers, 0.5)];
    return [
      atMost('P13', 'process start to first reconcile', mine, 0.35, 's'),
      ratioAtMost('P13', 'process start to first reconcile', mine, theirs, 0.5, 's', 'client-node 2.0.1'),
    ];
  } finally {
    await platform.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
