import { type Abnormal, API_VERSION, NODE_LABEL, RESOURCES } from '@kdr/api-types';
import { type ApiClient, ApiError, type Logger, type Runnable, sleep, systemClock } from '@kdr/controller-runtime';
import { type Procfs, createProcfs, processIdentity } from '@kdr/linux';
import { type DescriptorUse, processesAbove } from './descriptor-use.ts';

export interface SourceOptions {
  client: ApiClient;
  /** The node that it looks at, as Kubernetes names it. */
  node: string;
  logger: Logger;
  /** A process that uses this share of its descriptors is reported. */
  usedRatio: number;
  /** Pause between two looks. */
  intervalMs: number;
}

/** Why they are used up is the diagnosers' business: an Abnormal says what was seen, and of whom. */
function abnormalOf(procfs: Procfs, node: string, { pid, used, limit }: DescriptorUse): Abnormal | undefined {
  const identity = processIdentity(procfs, pid);
  if (identity === undefined) return undefined;
  return {
    apiVersion: API_VERSION,
    kind: 'Abnormal',
    // One name for one process: another look, or a restart of this source, meets AlreadyExists instead of reporting it twice.
    metadata: { namespace: 'default', name: `descriptors-${pid}-${identity.startTicks}`, labels: { [NODE_LABEL]: node } },
    spec: {
      source: 'Custom',
      fault: 'DescriptorsExhausted',
      nodeName: node,
      processReference: { pid, startTicks: identity.startTicks, bootId: identity.bootId },
      parameters: { used, limit },
    },
  };
}

/** Processes that run out of file descriptors become Abnormals, one for each. */
export function createSource({ client, node, logger, usedRatio, intervalMs }: SourceOptions): Runnable {
  const procfs = createProcfs();
  const report = async (use: DescriptorUse): Promise<void> => {
    const abnormal = abnormalOf(procfs, node, use);
    if (abnormal === undefined) return;
    try {
      await client.create(RESOURCES.Abnormal, abnormal);
      logger.info({ ...use, abnormal: abnormal.metadata.name }, 'a process runs out of descriptors');
    } catch (err) {
      if (err instanceof ApiError && err.isAlreadyExists) return;
      logger.warn({ ...use, err }, 'the Abnormal could not be created; the next look tries again');
    }
  };
  return {
    name: 'descriptors',
    run: async (signal) => {
      while (!signal.aborted) {
        for (const use of processesAbove(usedRatio)) await report(use);
        await sleep(systemClock, intervalMs, signal);
      }
    },
  };
}
