import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { listProcesses, readExe, readProc, readStat, type ProcessIdentity } from '../faults/proc.ts';
import { awaitStandstill } from '../faults/standstill.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { TEST_IMAGE, type Cluster } from '../cluster/index.ts';
import { kubectlPath } from '../tools/kubectl.ts';

/** A pod of a test, on a node of its choice. */
export interface PodPlan {
  name: string;
  node: string;
  /** RuntimeClass: `affected` (containerd v1.2.0's shim) or `fixed` (v1.2.10's); runc's own shim when left out. */
  runtime?: 'affected' | 'fixed';
  /** Seconds; default 1. */
  grace?: number;
  finalizers?: string[];
  preStop?: string[];
  command?: string[];
}

/** A running container of a pod, with the shim that serves it as this machine numbers processes. */
export interface RunningPod {
  name: string;
  uid: string;
  node: string;
  containerId: string;
  shim: ProcessIdentity;
}

/** Creates a pod and waits until it is Ready. */
export async function startPod(cluster: Cluster, plan: PodPlan): Promise<RunningPod> {
  const { name, node, runtime, grace = 1, finalizers, preStop, command = ['sleep', '3600'] } = plan;
  await cluster.apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, finalizers },
      spec: {
        nodeName: node,
        runtimeClassName: runtime,
        terminationGracePeriodSeconds: grace,
        containers: [
          {
            name: 'main',
            image: TEST_IMAGE,
            imagePullPolicy: 'Never',
            command,
            ...(preStop && { lifecycle: { preStop: { exec: { command: preStop } } } }),
          },
        ],
      },
    }),
  );
  await cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s');
  const said = await cluster.kubectl('get', 'pod', name, '-o', 'jsonpath={.metadata.uid} {.status.containerStatuses[0].containerID}');
  const [uid = '', id = ''] = said.split(' ');
  const containerId = id.replace('containerd://', '');
  return { name, uid, node, containerId, shim: shimOf(containerId) };
}

/** The parent of the container's init; the kernel's word is the cgroup that is named after the container. */
function shimOf(containerId: string): ProcessIdentity {
  const inside = (pid: number) => readProc(`${pid}/cgroup`)?.includes(containerId) === true;
  const init = listProcesses().find(({ pid, parentPid }) => inside(pid) && !inside(parentPid));
  const shim = init && readStat(init.parentPid);
  if (shim === undefined || !readExe(shim.pid)?.includes('containerd-shim')) throw new Error(`no shim serves ${containerId}`);
  return { pid: shim.pid, startTicks: shim.startTicks };
}

/**
 * Drives the affected shim of a pod into the deadlock by 60 `kubectl exec` at once, as probes would. They hang with it and are ended by `stop`.
 * @throws Error when the shim of that pod did not fall into it; then another pod has to be taken.
 */
export async function deadlockPod(cluster: Cluster, pod: RunningPod): Promise<{ stop(): Promise<void> }> {
  const fixed = [`--kubeconfig=${cluster.kubeconfig}`, `--cache-dir=${cluster.directory}/kubectl-cache`];
  const execs = Array.from({ length: 60 }, () =>
    spawn(kubectlPath(), [...fixed, 'exec', pod.name, '--', '/bin/true'], { stdio: 'ignore' }),
  );
  const running = () => execs.flatMap(({ pid, exitCode, signalCode }) => (pid && exitCode === null && signalCode === null ? [pid] : []));
  const stop = async () => {
    for (const child of execs) if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  };
  const { stands } = await awaitStandstill(pod.shim, running, { quietMs: 4_000, timeoutMs: 60_000 });
  if (stands) return { stop };
  await stop();
  throw new Error(`the shim of ${pod.name} did not deadlock`);
}

/** A pod whose shim is really deadlocked; a miss is repeated with another one. */
export async function deadlockedPod(cluster: Cluster, plan: PodPlan): Promise<{ pod: RunningPod; stop(): Promise<void> }> {
  for (let attempt = 1; ; attempt += 1) {
    const pod = await startPod(cluster, { ...plan, name: attempt === 1 ? plan.name : `${plan.name}-${attempt}`, runtime: 'affected' });
    try {
      return { pod, ...(await deadlockPod(cluster, pod)) };
    } catch (error) {
      if (attempt === 4) throw error;
      await cluster.kubectl('delete', 'pod', pod.name, '--wait=false');
    }
  }
}

/** Begins the deletion of a pod and does not wait for its end. */
export async function beginDeletion(cluster: Cluster, name: string): Promise<void> {
  await cluster.kubectl('delete', 'pod', name, '--wait=false');
}

/** Whether the Pod object is gone within that time. */
export function goesAway(cluster: Cluster, name: string, milliseconds: number): Promise<boolean> {
  const gone = async () => (await cluster.kubectl('get', 'pod', name, '--ignore-not-found', '-o', 'name')) === '';
  return becomesTrue(gone, milliseconds, 250);
}

/** Whether it is the same process still. */
export function lives({ pid, startTicks }: ProcessIdentity): boolean {
  return readStat(pid)?.startTicks === startTicks;
}
