import { type AbnormalSpec } from '@kdr/api-types';
import { bootIdentity } from '../demo/boot-identity.ts';
import {
  type Containerd,
  type DeadlockedShim,
  type ShimContainer,
  type StartContainerd,
  deadlockShim,
  endInit,
  ensureRuntime,
  startContainerd,
  startShimContainer,
} from '../faults/index.ts';
import { type Scene, openScene } from './scene.ts';

/** One containerd and one `kdr up`, for the tests of one file. */
export interface ShimStage {
  scene: Scene;
  containerd: Containerd;
  /** A container whose shim is really deadlocked. `ended`: its init is dead, so that the shim may be killed. */
  deadlocked(id: string, shim: string, ended: boolean): Promise<ShimContainer>;
  /** Ends everything; the platform first, so that it does not see the rest go. */
  close(): Promise<void>;
}

/** The symptom of every Abnormal here: only the diagnoser of shims is asked for it. */
export const FAULT = 'ContainerStuck';

/** What an Abnormal says of a shim. */
export function about(container: Pick<ShimContainer, 'shimIdentity'>): Partial<AbnormalSpec> {
  return { fault: FAULT, processReference: bootIdentity(container.shimIdentity) };
}

/** Starts both. */
export async function openShimStage(options: StartContainerd = {}): Promise<ShimStage> {
  await ensureRuntime();
  const containerd = await startContainerd(options);
  const hung: DeadlockedShim[] = [];
  try {
    const scene = await openScene();
    return {
      scene,
      containerd,
      deadlocked: async (id, shim, ended) => {
        const one = await deadlockShim(await startShimContainer(containerd, { id, shim }), {
          quietMs: 3_000,
          timeoutMs: 30_000,
          attempts: 8,
        });
        hung.push(one);
        if (ended) await endInit(one.container);
        return one.container;
      },
      close: async () => {
        await scene.close();
        await Promise.all(hung.map(({ stop }) => stop()));
        await containerd.stop();
      },
    };
  } catch (error) {
    await containerd.stop();
    throw error;
  }
}
