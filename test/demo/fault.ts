import { bootIdentity } from './boot-identity.ts';
import {
  type ShimContainer,
  buildShim,
  deadlockShim,
  endInit,
  ensureRuntime,
  missingPackages,
  removeContainer,
  startContainerd,
  startNonReapingParent,
  startShimContainer,
} from '../faults/index.ts';

/** The process that KDR may act on, and nothing else on this machine. */
export interface Culprit {
  pid: number;
  startTicks: string;
  bootId: string;
}

/** What `make` made. */
export interface MadeFault {
  /** Unix time in ms. */
  existsSince: number;
  culprit: Culprit;
  story: string;
}

/** A fault of the demo: how to make it, and how to see with one's own eyes that it is gone. */
export interface DemoFault {
  title: string;
  /** Seconds that a zombie must have waited before the source speaks. */
  thresholdSeconds: number;
  /** Makes it. `allow` is called before, with the process that will be the culprit. */
  make(allow: (culprit: Culprit) => Promise<void>, signal: AbortSignal): Promise<MadeFault>;
  /** What the machine itself says afterwards, without KDR. */
  witness(): Promise<string>;
  /** Takes away everything that `make` made; also while it still runs. */
  cleanUp(): Promise<void>;
}

type Progress = (text: string) => void;

const ATTEMPTS = 5;

/** What root has to agree to; empty when nothing is missing. */
export function toInstall(): string[] {
  return missingPackages().map((one) => `${one.name} (${one.why})`);
}

/** The real bug: containerd v1.2.0's shim, driven into the deadlock of pull request 3529, whose container has ended. */
export async function shimDeadlock(onProgress: Progress, signal: AbortSignal): Promise<DemoFault> {
  await ensureRuntime({ onProgress });
  signal.throwIfAborted();
  const shim = await buildShim({ version: 'v1.2.0', api: 'runc-v1', onProgress, signal });
  signal.throwIfAborted();
  onProgress('Starting a containerd of our own');
  const containerd = await startContainerd({ debug: true });
  let id = '';

  const attempt = async (container: ShimContainer, allow: (culprit: Culprit) => Promise<void>): Promise<MadeFault> => {
    const culprit = bootIdentity(container.shimIdentity);
    await allow(culprit);
    onProgress(`60 execs at once in container ${container.id}, as probes and \`kubectl exec\` make them`);
    const began = Date.now();
    const { afterMs } = await deadlockShim(container, { attempts: 1, quietMs: 3_000, timeoutMs: 20_000 });
    await endInit(container);
    id = container.id;
    const story =
      `nothing in shim ${culprit.pid} has moved for 3 s. \`ctr task kill\`, \`exec\` and \`delete\` of ${id} now wait for ever. ` +
      'Its container has been ended, and nobody reaps it';
    return { existsSince: began + afterMs, culprit, story };
  };
  const make: DemoFault['make'] = async (allow) => {
    for (let number = 1; ; number++) {
      const container = await startShimContainer(containerd, { id: `demo-${number}`, shim });
      try {
        return await attempt(container, allow);
      } catch (error) {
        if (signal.aborted || number >= ATTEMPTS) throw error;
        onProgress('The burst missed; another container is tried');
        await removeContainer(container);
      }
    }
  };
  return {
    title: 'containerd v1.2.0’s shim, deadlocked in its reaper (pull request 3529)',
    thresholdSeconds: 8,
    // What runs on after an abort is ended by the clean-up: it has no shim and no containerd any more.
    make: (allow) => orAborted(make(allow, signal), signal),
    witness: async () => {
      const tasks = await containerd.ctr(['task', 'ls', '-q']);
      return tasks.split('\n').includes(id)
        ? `containerd still has task ${id}`
        : `containerd has cleaned up; \`ctr task ls\` knows no ${id} any more`;
    },
    cleanUp: () => containerd.stop(),
  };
}

/** What any user can make: a parent that does not reap its children. */
export function unreapedChildren(): DemoFault {
  let parent: Awaited<ReturnType<typeof startNonReapingParent>> | undefined;
  return {
    title: 'a parent process that does not reap its children',
    thresholdSeconds: 3,
    make: async (allow) => {
      parent = await startNonReapingParent({ children: 3 });
      const culprit = bootIdentity(parent);
      await allow(culprit);
      return {
        existsSince: Date.now(),
        culprit,
        story: `process ${culprit.pid} has ${parent.zombiePids.length} zombie children: ${parent.zombiePids.join(', ')}`,
      };
    },
    witness: () =>
      Promise.resolve(
        parent?.isAlive() === false ? `process ${parent.pid} has ended, and its zombies are gone` : 'the process is still there',
      ),
    cleanUp: async () => {
      await parent?.stop();
    },
  };
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
