import { basename } from 'node:path';
import { type ProcessIdentity, createProcfs, createSignalFence, observeExit, sameProcess, waitForExit } from '@kdr/linux';
import { type ActAnswer, type PlanAnswer, type PlanContext, defineRecoverer } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';
import { lookBelow } from './below-shim.ts';
import { type BlastRadius, blastRadius } from './blast-radius.ts';
import { awaitCleanUp } from './clean-up.ts';
import { endingPod } from './ending-pod.ts';
import { probe } from './probe.ts';
import { ContainerFacts, type ShimFacts } from './shim-facts.ts';

const procfs = createProcfs();
const fence = createSignalFence({ procfs, signals: ['SIGKILL'] });
const CAUSE = 'ContainerdShimReaperDeadlock';
const EXIT_MS = 5000;
const CLEAN_UP_MS = 10_000;

const Parameters = Type.Object({
  allowRunning: Type.Boolean({
    default: false,
    description: 'Also kill a shim whose container still runs, and the container with it. The policy must permit KillRunningContainer.',
  }),
});
type Context = PlanContext<typeof Parameters>;

/**
 * Kills a deadlocked shim, so that containerd cleans up after it. KILL and not TERM: the loop that would handle TERM is the one that is stuck.
 */
export const plugin = defineRecoverer({
  name: 'containerd-shim-kill',
  version: '0.1.0',
  description: 'Kills a deadlocked containerd shim whose container is meant to be gone; containerd cleans up',
  level: 'container',
  reversible: false,
  priority: 200,
  parameters: Parameters,
  privileges: ['hostPID', 'CAP_KILL', 'CAP_SYS_PTRACE'],
  timeoutSeconds: 30,
  async plan(context) {
    const checked = await check(context);
    return 'outcome' in checked ? checked : planned(checked);
  },
  async act(context) {
    const checked = await check(context);
    return 'outcome' in checked ? checked : kill(checked, context.signal);
  },
  probe: ({ target }) => probe(procfs, target),
});

type Radius = Exclude<BlastRadius, { refused: string }>;
interface Checked {
  identity: ProcessIdentity;
  shim: ShimFacts;
  radius: Radius;
  /** UID of the pod that is past its deadline: the reason why what still runs may go. */
  ending?: string;
}
type No = { outcome: 'NotApplicable' | 'TargetGone'; reason: string };

/** Looks at everything anew: what was collected for the diagnosis is too old to kill by. */
async function check(context: Context): Promise<Checked | No> {
  const { diagnosis, target, collect } = context;
  if (diagnosis.cause !== CAUSE) return { outcome: 'NotApplicable', reason: `it repairs ${CAUSE}, not ${diagnosis.cause}` };
  const identity = target.process;
  if (target.kind !== 'Process' || identity === undefined) return { outcome: 'NotApplicable', reason: 'the target is no process' };
  if (observeExit(procfs, identity).outcome === 'Exited') return { outcome: 'TargetGone', reason: `shim ${identity.pid} is gone` };
  const { shims } = await collect('container', { pid: identity.pid }, ContainerFacts);
  const shim = shims.find((one) => one.identity.pid === identity.pid);
  if (shim === undefined) return { outcome: 'NotApplicable', reason: `process ${identity.pid} is no containerd shim` };
  if (!sameProcess(shim.identity, identity)) return { outcome: 'TargetGone', reason: `process ${identity.pid} is not the target any more` };
  const radius = blastRadius(shim, target, lookBelow(procfs, identity.pid));
  if ('refused' in radius) return { outcome: 'NotApplicable', reason: radius.refused.slice(0, 1024) };
  return meantToBeGone(context, { identity, shim, radius });
}

/** safety.md 1.4: every container has ended, or is of a pod past its deadline, or the policy permits what `allowRunning` then asks for. */
async function meantToBeGone(context: Context, checked: Checked): Promise<Checked | No> {
  const { whyRunning } = checked.radius;
  if (whyRunning === undefined) return checked;
  const pod = await endingPod(checked.shim, context);
  if ('uid' in pod) return { ...checked, ending: pod.uid };
  if (context.parameters.allowRunning) return checked;
  const otherwise = 'with allowRunning, and a policy that permits KillRunningContainer, it may be killed';
  return { outcome: 'NotApplicable', reason: `${whyRunning}; ${pod.not}; ${otherwise}`.slice(0, 1024) };
}

function planned({ identity, shim, radius, ending }: Checked): PlanAnswer {
  const { tasks, running } = radius;
  const what = tasks.map(({ id }) => id.slice(0, 64)).join(', ') || 'no container';
  const because = ending === undefined ? '' : `: pod ${ending} is Terminating past its deadline`;
  const ends = running.length > 0 ? `; ${running.length} of these still run and end with it${because}` : '';
  return {
    outcome: 'Planned',
    actions: [
      {
        action: 'KillShim',
        description: `SIGKILL to shim ${identity.pid} (${basename(shim.exe)}), which serves ${what}${ends}`.slice(0, 512),
        expectedEffect: 'The shim ends; containerd sees it, deletes its containers and says that they have exited.',
        ...(running.length > 0 && ending === undefined && { requires: ['KillRunningContainer'] }),
      },
    ],
  };
}

async function kill({ identity, shim }: Checked, signal: AbortSignal): Promise<ActAnswer> {
  const sent = fence.signal({ identity, signal: 'SIGKILL' });
  if (sent.outcome === 'TargetGone') return { outcome: 'TargetGone', reason: sent.reason };
  if (sent.outcome === 'Refused') return { outcome: 'NotApplicable', reason: `${sent.code}: ${sent.reason}` };
  const at = new Date().toISOString();
  const seen = await waitForExit(procfs, identity, EXIT_MS, signal).catch(() => ({ outcome: 'StillRunning' as const }));
  const killed = {
    action: 'KillShim',
    description: `SIGKILL to shim ${identity.pid}; ${seen.outcome === 'Exited' ? 'it ended' : 'it has not ended yet'}`,
    at,
  };
  const cleanedUp = await awaitCleanUp(procfs, shim, CLEAN_UP_MS, signal);
  const said = {
    Removed: 'containerd removed',
    Left: 'containerd has not yet removed',
    Unseen: 'it could not be seen whether containerd removed',
  }[cleanedUp];
  const what = shim.tasks.map(({ id }) => id.slice(0, 64)).join(', ');
  return {
    outcome: 'Acted',
    actions: [killed, { action: 'AwaitCleanUp', description: `${said} ${what}`.slice(0, 512), at: new Date().toISOString() }],
  };
}
