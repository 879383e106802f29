import { basename } from 'node:path';
import type { DiagnoseAnswer, DiagnoseRequest, TargetIdentity } from '@kdr/plugin-sdk';
import { cause } from './analyze-goroutines.ts';
import { cycleEvidence } from './evidence.ts';
import type { Examination } from './examine-shim.ts';
import type { ShimFacts } from './shim-facts.ts';

type Identified = Extract<DiagnoseAnswer, { outcome: 'Identified' }>;
type Deadlocked = Extract<Examination, { says: 'Deadlocked' }>;
type PodReference = DiagnoseRequest['abnormal']['spec']['podReference'];

/** Title of the evidence by which Verify knows what containerd has to clean up: once the shim is gone nothing else says it. */
export const BUNDLES = 'Bundles';

/** zap_pid_ns_processes() of the kernel: the init of a pid namespace goes last, after every process in it has been reaped. */
const INIT_WORDS: Record<string, string> = {
  Running: 'its init runs',
  Zombie: 'its init has ended and is not reaped',
  Exiting: 'its init has been killed and stays until the dead processes of its pid namespace are reaped',
  Gone: 'its init is gone',
};

/** The answer for a shim that is deadlocked. */
export function identified(
  shim: ShimFacts,
  { verdict, where }: Deadlocked,
  zombies: number,
  pod: PodReference,
): Omit<Identified, 'artifacts'> {
  const { identity, exe, api, tasks } = shim;
  const inits = tasks.map(({ id, init }) => `${id.slice(0, 64)}: ${INIT_WORDS[init] ?? 'its init is not known'}`).join('; ');
  const evidence = [
    ...cycleEvidence(verdict).slice(0, 8),
    { title: 'In one sentence', detail: verdict.reason },
    { title: 'The dump', detail: `asked of shim ${identity.pid} (${basename(exe)}, API ${api}) by SIGUSR1, read in ${where}` },
    { title: 'Its containers', detail: inits || 'none known' },
    { title: 'Zombie children of the shim', detail: String(zombies) },
    ...(tasks.length > 0 ? [{ title: BUNDLES, detail: bundleLines(tasks) }] : []),
  ];
  return {
    ...{ outcome: 'Identified', cause, severity: 'critical' },
    title: `containerd shim ${identity.pid} is deadlocked in its reaper (containerd PR 3529)`,
    confidence: verdict.confidence === 'high' ? 'high' : 'medium',
    evidence: evidence.map(({ title, detail }) => ({ title: title.slice(0, 256), detail: detail.slice(0, 2048) })),
    target: targetOf(shim, pod),
    recommendation: [
      {
        action: 'Kill the shim (SIGKILL: the loop that handles SIGTERM is the one that is stuck); containerd then cleans up.',
        recoverer: 'containerd-shim-kill',
      },
      { action: 'Upgrade containerd to 1.2.8 or later (fixed by PR 3540).' },
    ],
  };
}

/** Whole lines only: half a path would be another one. */
function bundleLines(tasks: ShimFacts['tasks']): string {
  let text = '';
  for (const { bundle } of tasks) {
    const next = text === '' ? bundle : `${text}\n${bundle}`;
    if (next.length > 2048) break;
    text = next;
  }
  return text;
}

function targetOf({ identity, namespace, tasks }: ShimFacts, reference: PodReference): TargetIdentity {
  const [first] = tasks;
  const pod = podOf(tasks, reference);
  return {
    kind: 'Process',
    process: identity,
    ...(first && { container: { runtime: namespace === 'moby' ? 'docker' : 'containerd', namespace, id: first.id } }),
    ...(pod && { pod }),
  };
}

/** The pod that all of the shim's containers belong to. Its name comes from the bundle, else from the Abnormal where that names the same uid. */
function podOf(tasks: ShimFacts['tasks'], reference: PodReference): TargetIdentity['pod'] {
  const pods = tasks.map(({ pod }) => pod);
  const [first] = pods;
  if (first === undefined || pods.some((pod) => pod?.uid !== first.uid)) return undefined;
  const named =
    pods.find((pod) => pod?.namespace !== undefined && pod.name !== undefined) ?? (reference?.uid === first.uid ? reference : undefined);
  if (named?.namespace === undefined || named.name === undefined) return undefined;
  return { namespace: named.namespace, name: named.name, uid: first.uid };
}
