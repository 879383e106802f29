import { renderGoroutineDump } from '@kdr/goroutine-dump';
import { createProcfs, createSignalFence, hasExited, identityDifference, observeExit, processIdentity } from '@kdr/linux';
import { type DiagnoseAnswer, type DiagnoseContext, KdrError, type Purpose, defineDiagnoser } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';
import { chooseShims } from './choose-shims.ts';
import { readConfig } from './config.ts';
import { type Examination, examineShim } from './examine-shim.ts';
import { identified } from './identified.ts';
import { ContainerFacts, type ShimFacts } from './shim-facts.ts';
import { shimGone } from './shim-gone.ts';

const procfs = createProcfs();
const fence = createSignalFence({ procfs, signals: ['SIGUSR1'] });

const Parameters = Type.Object({
  dumpSeconds: Type.Number({ minimum: 1, maximum: 10, default: 3, description: 'How long a dump is waited for.' }),
  trace: Type.Boolean({ default: true, description: 'Use strace, where it is installed, for a shim whose dump would be lost.' }),
});
type Context = DiagnoseContext<typeof Parameters>;

/**
 * Recognises a containerd shim that is deadlocked in its reaper (containerd PR 3529, fixed by PR 3540) by the cycle of locks in its goroutines, which
 * it prints on SIGUSR1.
 */
export const plugin = defineDiagnoser({
  name: 'containerd-shim-deadlock',
  version: '0.1.0',
  description: 'A containerd shim that is deadlocked in its reaper (containerd PR 3529)',
  match: { faults: ['PodStuckTerminating', 'UnreapedChildren', 'ContainerStuck*', 'ContainerdShim*'] },
  priority: 200,
  // Optional, since both have nothing to say once the shim is gone, which is what Verify hopes for.
  needs: [
    { collector: 'process', required: false },
    { collector: 'container', required: false },
  ],
  intrusive: ['Signal', 'Trace'],
  parameters: Parameters,
  privileges: ['hostPID', 'CAP_KILL', 'CAP_SYS_PTRACE'],
  timeoutSeconds: 40,
  async diagnose(context) {
    const { purpose, diagnosis, signal } = context;
    const before = diagnosis?.target.process;
    if (purpose !== 'Diagnose' && diagnosis && before) {
      const gone = whyGone(before);
      if (gone !== undefined) return shimGone(procfs, gone, diagnosis, signal);
      return again(context, before.pid);
    }
    const known = await shimsOf(context);
    const choice = chooseShims(procfs, context.abnormal.spec, known.shims);
    if ('shims' in choice) return firstDeadlocked(context, choice.shims);
    if (choice.looked || purpose === 'Diagnose')
      return { outcome: 'NotIdentified', reason: [choice.none, ...(known.gap === undefined ? [] : [known.gap])].join('. ').slice(0, 1024) };
    return {
      outcome: 'Failed',
      reason: [choice.none, ...(known.gap === undefined ? [] : [known.gap])].join('. ').slice(0, 1024),
      retryable: true,
    };
  },
});

type Identity = NonNullable<NonNullable<Context['diagnosis']>['target']['process']>;

function whyGone(identity: Identity): string | undefined {
  const { pid } = identity;
  if (observeExit(procfs, identity).outcome === 'Exited') return `the shim ${pid} is gone`;
  const now = processIdentity(procfs, pid);
  const difference = now && identityDifference(identity, now);
  return now === undefined || difference !== undefined ? `the shim ${pid} is gone${difference ? `: ${difference}` : ''}` : undefined;
}

/** Confirm and Verify are about the shim that was diagnosed, whatever the Abnormal names. */
async function again(context: Context, pid: number): Promise<DiagnoseAnswer> {
  const isIt = ({ identity }: ShimFacts) => identity.pid === pid;
  const known = await shimsOf(context);
  const shim = known.shims.find(isIt) ?? (await context.collect('container', { pid }, ContainerFacts)).shims.find(isIt);
  if (shim) return firstDeadlocked(context, [shim]);
  return { outcome: 'Failed', reason: `the collector container does not know shim ${pid}, which still runs`, retryable: true };
}

/** What the collector said for this call; where it was not asked before, it is now. `gap`: why it said nothing. */
async function shimsOf({ information, read, collect }: Context): Promise<{ shims: readonly ShimFacts[]; gap?: string }> {
  if (Object.hasOwn(information, 'container')) return read('container', ContainerFacts);
  try {
    return await collect('container', {}, ContainerFacts);
  } catch (error) {
    if (!(error instanceof KdrError)) throw error;
    return { shims: [], gap: error.message };
  }
}

/** Asks one shim after the other. Where none is deadlocked, all that was seen is said. */
async function firstDeadlocked(context: Context, shims: readonly ShimFacts[]): Promise<DiagnoseAnswer> {
  const { parameters, signal, purpose, abnormal, artifact } = context;
  const means = { procfs, fence, ...readConfig(), dumpMs: parameters.dumpSeconds * 1000, trace: parameters.trace, signal };
  const seen: Exclude<Examination, { says: 'Deadlocked' }>[] = [];
  for (const shim of shims) {
    const examination = await examineShim(shim, means);
    if (examination.says !== 'Deadlocked') {
      seen.push(examination);
      continue;
    }
    const dump = await artifact({ mediaType: 'text/plain', data: renderGoroutineDump(examination.dump) });
    return { ...identified(shim, examination, zombiesOf(shim), abnormal.spec.podReference), artifacts: [dump] };
  }
  return notIdentified(purpose, seen);
}

function zombiesOf({ identity }: ShimFacts): number {
  return procfs.children(identity.pid).filter((pid) => {
    const stat = procfs.stat(pid);
    return stat !== undefined && hasExited(stat);
  }).length;
}

/** api.md: NotIdentified means looked, and not there. Who could not look may say it to purpose Diagnose only. */
function notIdentified(purpose: Purpose, seen: readonly Exclude<Examination, { says: 'Deadlocked' }>[]): DiagnoseAnswer {
  const reason = seen
    .map((one) => one.reason)
    .join(' ')
    .slice(0, 1024);
  const blind = seen.filter((one) => one.says === 'CouldNotLook');
  if (purpose === 'Diagnose' || blind.length === 0) return { outcome: 'NotIdentified', reason };
  return { outcome: 'Failed', reason, retryable: blind.some(({ again }) => again) };
}
