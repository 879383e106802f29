import { bootIdentity } from './boot-identity.ts';
import {
  buildShim,
  cleanUpAbandoned,
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

/** A fault of the demo: how to make it, and how to see with one's own eyes that it is gone. */
export interface DemoFault {
  title: string;
  /** Seconds that a zombie must have waited before the source speaks. */
  thresholdSeconds: number;
  /** Makes it. `allow` is called before, with the process that will be the culprit; `existsSince` is when the fault was there. */
  make(allow: (culprit: Culprit) => Promise<void>): Promise<{ existsSince: number; culprit: Culprit; story: string }>;
  /** What the machine itself says afterwards, without KDR. */
  witness(): Promise<string>;
  /** Takes away everything that `make` made; also in the middle. */
  cleanUp(): Promise<void>;
}

type Progress = (text: string) => void;

/** What root has to agree to; empty when nothing is missing. */
export function toInstall(): string[] {
  return missingPackages().map((one) => `${one.name} (${one.why})`);
}

/** The real bug: containerd v1.2.0's shim, driven into the deadlock of pull request 3529, whose container has ended. */
export async function shimDeadlock(progress: Progress): Promise<DemoFault> {
  await ensureRuntime({ onProgress: progress });
  await cleanUpAbandoned({ onProgress: progress });
  const shim = await buildShim({ version: 'v1.2.0', api: 'runc-v1', onProgress: progress });
  const containerd = await startContainerd({ debug: true, onProgress: progress });
  let ended: (() => Promise<void>) | undefined;
  let id = '';
  return {
    title: 'containerd v1.2.0’s shim, deadlocked in its reaper (pull request 3529)',
    thresholdSeconds: 8,
    make: async (allow) => {
      for (let attempt = 1; ; attempt++) {
        const container = await startShimContainer(containerd, { id: `demo-${attempt}`, shim });
        const culprit = bootIdentity(container.shimIdentity);
        await allow(culprit);
        try {
          const began = Date.now();
          const deadlocked = await deadlockShim(container, { attempts: 1, quietMs: 3_000, timeoutMs: 20_000, onProgress: progress });
          ended = deadlocked.stop;
          const existsSince = began + deadlocked.afterMs;
          await endInit(container);
          id = container.id;
          return {
            existsSince,
            culprit,
            story: `shim ${culprit.pid} hangs: \`ctr task kill\`, \`exec\` and \`delete\` of ${id} would wait for ever; its container has ended and nobody reaps it`,
          };
        } catch (error) {
          if (attempt >= 5) throw error;
          progress('The burst missed; another container is tried');
          await removeContainer(container);
        }
      }
    },
    witness: async () => {
      const tasks = await containerd.ctr(['task', 'ls', '-q']);
      return tasks.split('\n').includes(id)
        ? `containerd still has task ${id}`
        : `containerd has cleaned up: \`ctr task ls\` knows no ${id} any more`;
    },
    cleanUp: async () => {
      await ended?.();
      await containerd.stop();
    },
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
