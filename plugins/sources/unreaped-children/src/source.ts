import { type Abnormal, API_VERSION, NODE_LABEL, RESOURCES } from '@kdr/api-types';
import { type ApiClient, ApiError, type Logger, type Runnable, sleep, systemClock } from '@kdr/controller-runtime';
import { createProcfs, processTree } from '@kdr/linux';
import { readConfig } from './config.ts';
import { PARENT_LABEL, nextEpisode, parentLabel } from './episode.ts';
import { type UnreapedGroup, createZombieWatch } from './zombie-watch.ts';

/** Name of the source. */
export const name = 'unreaped-children';
/** Where it runs: one on each node. */
export const place = 'node';

/** What a source is given. */
export interface SourceDependencies {
  client: ApiClient;
  /** The node that it looks at. */
  node: string;
  logger: Logger;
  env: Record<string, string | undefined>;
  /** Where /proc is. */
  procRoot?: string;
}

/**
 * Zombies that their parent has not reaped for a while become one Abnormal `UnreapedChildren` per parent, with the parent's identity. Why it
 * does not reap is the diagnosers' business. Needs no privilege: /proc/PID/stat is readable by everybody.
 */
export function createSource({ client, node, logger, env, procRoot }: SourceDependencies): Runnable {
  const config = readConfig(env);
  const procfs = createProcfs(procRoot);
  const bootId = procfs.bootId();
  const watch = createZombieWatch(config.thresholdMs);

  const report = async ({ parent, pids, oldestMs }: UnreapedGroup): Promise<void> => {
    const label = parentLabel(parent, bootId);
    const { items } = await client.list<Abnormal>(RESOURCES.Abnormal, {
      namespace: config.namespace,
      labelSelector: `${PARENT_LABEL}=${label}`,
    });
    const name = nextEpisode(label, items, config.quietMs, Date.now());
    if (name === undefined) return;
    const abnormal: Abnormal = {
      apiVersion: API_VERSION,
      kind: 'Abnormal',
      metadata: { name, namespace: config.namespace, labels: { [NODE_LABEL]: node, [PARENT_LABEL]: label } },
      spec: {
        source: 'Custom',
        fault: 'UnreapedChildren',
        nodeName: node,
        processReference: { pid: parent.pid, startTicks: parent.startTicks, bootId },
        parameters: { zombies: pids.slice(0, 32), zombieCount: pids.length, oldestSeconds: Math.round(oldestMs / 1000) },
      },
    };
    await client.create(RESOURCES.Abnormal, abnormal).catch((error: unknown) => {
      if (!(error instanceof ApiError) || !error.isAlreadyExists) throw error;
    });
    logger.info({ abnormal: name, parent: parent.pid, comm: parent.comm, zombies: pids.length }, 'a parent does not reap its children');
  };

  return {
    name,
    run: async (signal) => {
      while (!signal.aborted) {
        for (const group of watch.look(processTree(procfs).processes, Date.now())) {
          await report(group).catch((err: unknown) =>
            logger.warn({ err, parent: group.parent.pid }, 'the Abnormal could not be created; it is tried again'),
          );
        }
        await sleep(systemClock, config.intervalMs, signal);
      }
    },
  };
}
