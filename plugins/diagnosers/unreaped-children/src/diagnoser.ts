import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessIdentity, type Procfs, createProcfs, identityDifference, processIdentity } from '@kdr/linux';
import { type DiagnoseAnswer, type Purpose, defineDiagnoser } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';
import { leftBehind } from './aftermath.ts';
import { type Look, lookAt } from './look.ts';
import { notOurs } from './not-ours.ts';
import { type Verdict, judge } from './verdict.ts';

const procfs = createProcfs();

/** Recognises a plain process that never waits for its children. Looks only; needs no privilege. */
export const plugin = defineDiagnoser({
  name: 'unreaped-children',
  version: '0.1.0',
  description: 'A process that does not reap its children',
  match: { faults: ['UnreapedChildren', 'Zombie*'] },
  priority: 100,
  // Optional, since it has nothing to say once the parent is gone, which is what Verify hopes for.
  needs: [{ collector: 'process', required: false }],
  parameters: Type.Object({
    lookSeconds: Type.Number({ minimum: 1, maximum: 20, default: 2, description: 'Time between the two looks.' }),
    zombies: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), { maxItems: 256, description: 'Pids that the source saw: to be gone when it is repaired.' }),
    ),
  }),
  privileges: ['hostPID'],
  timeoutSeconds: 30,
  async diagnose({ abnormal, parameters, purpose, diagnosis, signal }) {
    const reference = diagnosis?.target.process ?? abnormal.spec.processReference;
    if (reference === undefined) return couldNotLook(purpose, 'the Abnormal names no process', false);
    const identity = sameStill(procfs, reference);
    if (typeof identity === 'string') return ofGone(identity, parameters.zombies ?? [], purpose, signal);
    const exe = programOf(procfs, identity.pid);
    const stat = procfs.stat(identity.pid);
    const other = stat && notOurs(stat, exe);
    if (other !== undefined) return { outcome: 'NotIdentified', reason: other };
    const first = lookAt(procfs, identity.pid);
    await sleep(parameters.lookSeconds * 1000, undefined, { signal });
    const second = lookAt(procfs, identity.pid);
    const verdict = judge(identity.pid, identity.startTicks, first, second);
    if (verdict.says === 'DoesNotReap') return identified(identity, exe, verdict, [first, second], parameters.lookSeconds);
    if (verdict.says === 'CouldNotLook') return couldNotLook(purpose, verdict.reason, true);
    if (verdict.says === 'Gone') return ofGone(verdict.reason, parameters.zombies ?? [], purpose, signal);
    return { outcome: 'NotIdentified', reason: verdict.reason };
  },
});

/** The process as it is now, or why it is another one. */
function sameStill(
  procfs: Procfs,
  { pid, startTicks, bootId }: { pid: number; startTicks?: string; bootId?: string },
): ProcessIdentity | string {
  const now = processIdentity(procfs, pid);
  if (now === undefined) return `process ${pid} is gone`;
  const difference = identityDifference({ ...now, startTicks: startTicks ?? now.startTicks, bootId: bootId ?? now.bootId }, now);
  return difference === undefined ? now : `process ${pid} is gone: ${difference}`;
}

function programOf(procfs: Procfs, pid: number): string | undefined {
  try {
    return procfs.exe(pid)?.path;
  } catch {
    // Another user's: its name has to do.
    return undefined;
  }
}

/** Without its parent a zombie goes to the next subreaper or to pid 1, which reaps it, as a rule at once. */
async function ofGone(reason: string, zombies: readonly number[], purpose: Purpose, signal: AbortSignal): Promise<DiagnoseAnswer> {
  const left = purpose === 'Verify' ? await leftBehind(procfs, zombies, signal) : [];
  if (left.length === 0) return { outcome: 'NotIdentified', reason: `${reason}, and its children with it` };
  const heir = procfs.stat(left[0] ?? 0)?.ppid;
  const who = heir === undefined ? '' : ` Their parent is ${heir} (${procfs.comm(heir) ?? 'gone'}) now.`;
  return { outcome: 'Failed', reason: `${reason}, but ${left.length} of its children were not reaped yet.${who}`, retryable: true };
}

/** api.md: who could not look may say NotIdentified to Diagnose only. */
function couldNotLook(purpose: Purpose, reason: string, retryable: boolean): DiagnoseAnswer {
  return purpose === 'Diagnose' ? { outcome: 'NotIdentified', reason } : { outcome: 'Failed', reason, retryable };
}

function identified(
  identity: ProcessIdentity,
  exe: string | undefined,
  { zombies, confidence, doing }: Extract<Verdict, { says: 'DoesNotReap' }>,
  [first, second]: readonly [Look, Look],
  lookSeconds: number,
): DiagnoseAnswer {
  const name = exe ?? second.parent?.comm ?? '';
  const some = zombies.slice(0, 8).map(({ pid, comm }) => `${pid} (${comm})`);
  const used = second.cpuSeconds - first.cpuSeconds;
  const { pid } = identity;
  const container = containerOf(identity);
  return {
    outcome: 'Identified',
    cause: 'ParentDoesNotReap',
    title: `process ${pid} (${second.parent?.comm}) does not reap its children: ${zombies.length} zombies`,
    severity: 'warning',
    confidence,
    evidence: [
      {
        title: 'The parent',
        detail: `process ${pid} is ${name}, state ${second.parent?.state}, ${used === 0 ? 'no CPU' : `${used.toFixed(2)} s of CPU`} between the looks`,
      },
      { title: 'Its zombies', detail: `${zombies.length}: ${some.join(', ')}${zombies.length > some.length ? ', …' : ''}` },
      { title: 'None was reaped', detail: `the same ${zombies.length} were there again ${lookSeconds} s later` },
      whatItDoes(doing, second),
    ],
    target: { kind: 'Process', process: identity, ...(container && { container }) },
    recommendation: [
      { action: 'End the parent: its zombies then go to init, which reaps them.', recoverer: 'process-kill' },
      { action: 'Have the program wait for its children, or ignore SIGCHLD (wait(2)); in a container, run it under an init such as tini.' },
    ],
  };
}

function whatItDoes(doing: Extract<Verdict, { says: 'DoesNotReap' }>['doing'], { waitsIn }: Look) {
  if (doing === 'Waits') return { title: 'It waits, but for others', detail: 'a thread was in wait(2) at one of the looks' };
  if (doing === 'Unseen')
    return { title: 'Whether it waits is not visible', detail: 'the kernel does not show this user what its threads sleep in' };
  return { title: 'It does not wait', detail: `its threads sleep in ${waitsIn.join(', ') || 'nothing: they run'}; none in wait(2)` };
}

function containerOf({ pid }: ProcessIdentity) {
  const found = procfs.container(pid);
  if (found?.containerId === undefined) return undefined;
  const { runtime, containerId: id, namespace } = found;
  return { runtime, id, ...(namespace !== undefined && { namespace }) };
}
