import type { GoroutineDump } from '@kdr/goroutine-dump';
import { type Procfs, type SignalFence, catchesSignal, identityDifference, processIdentity } from '@kdr/linux';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DumpSource, attachToLog, whyStuck } from './dump-source.ts';
import { judgeShimDump, secondLookAfter } from './judge-shim-dump.ts';
import type { LogReader } from './log-reader.ts';
import type { Origin } from './own-dump.ts';
import type { ShimFacts } from './shim-facts.ts';
import { straceReader } from './strace-reader.ts';
import { type Taken, takeDump } from './take-dump.ts';
import type { ShimVerdict } from './verdict.ts';
import { seenFromOutside } from './without-dump.ts';

/** What came of looking at one shim. `CouldNotLook`: nothing is known of the fault, `again` says whether another try may know more. */
export type Examination =
  | { says: 'Deadlocked'; verdict: ShimVerdict; dump: GoroutineDump; where: string }
  | { says: 'NotDeadlocked'; reason: string; dump: GoroutineDump }
  | { says: 'CouldNotLook'; reason: string; again: boolean }
  | { says: 'Gone'; reason: string };

/** How to look. */
export interface Means {
  procfs: Procfs;
  fence: SignalFence;
  journalDirectory?: string;
  dumpMs: number;
  /** strace may be used where the dump is lost otherwise. */
  trace: boolean;
  signal: AbortSignal;
}

/** B1.3: at most two per diagnosis. */
const MAX_DUMPS = 2;

const STATES: Record<string, string> = {
  T: 'is stopped by a signal (state T), which is another fault than the deadlock: SIGCONT continues it. A stopped shim gives no dump',
  t: 'is stopped by a tracer (state t), and gives no dump',
  D: 'is in uninterruptible sleep (state D), and gives no dump',
  Z: 'has ended and waits to be reaped (state Z)',
};

const couldNotLook = (reason: string, again: boolean): Examination => ({ says: 'CouldNotLook', reason, again });

/** Asks a shim for its goroutines, and judges them; a second time, later, where the first proves it only in part. */
export async function examineShim(shim: ShimFacts, means: Means): Promise<Examination> {
  const unfit = whyUnfit(shim, means);
  if (unfit) return unfit;
  const asking = createAsking(shim, means);
  const first = await asking.ask();
  if (!('dump' in first)) return withoutDump(first, shim, means);
  const verdict = judgeShimDump(first.dump);
  if (verdict.verdict === 'Deadlocked') return { says: 'Deadlocked', verdict, dump: first.dump, where: first.where };
  if (verdict.seenInstead !== 'Unproven' || asking.left() === 0) return notDeadlocked(verdict, first.dump);
  await sleep(secondLookAfter * 1000, undefined, { signal: means.signal });
  const second = await asking.ask();
  if (!('dump' in second)) return notDeadlocked(verdict, first.dump);
  const twice = judgeShimDump(first.dump, {
    secondLook: { dump: second.dump, secondsLater: Math.floor((second.askedAt - first.askedAt) / 1000) },
  });
  if (twice.verdict === 'Deadlocked')
    return { says: 'Deadlocked', verdict: { ...twice, confidence: 'medium' }, dump: second.dump, where: second.where };
  return notDeadlocked(twice, second.dump);
}

function notDeadlocked(verdict: ShimVerdict, dump: GoroutineDump): Examination {
  return verdict.confidence === 'low' ? couldNotLook(verdict.reason, true) : { says: 'NotDeadlocked', reason: verdict.reason, dump };
}

function withoutDump(taken: Exclude<Taken, { dump: GoroutineDump }>, shim: ShimFacts, { procfs }: Means): Examination {
  if ('gone' in taken) return { says: 'Gone', reason: taken.gone };
  if ('refused' in taken) return couldNotLook(taken.refused, true);
  return couldNotLook(`DumpLost: ${taken.lost}. ${seenFromOutside(procfs, shim)}`, true);
}

/** Why no signal is sent to it. */
function whyUnfit({ identity, exe }: ShimFacts, { procfs }: Means): Examination | undefined {
  const { pid } = identity;
  const now = processIdentity(procfs, pid);
  const stat = procfs.stat(pid);
  const status = procfs.status(pid);
  if (now === undefined || stat === undefined || status === undefined) return { says: 'Gone', reason: `shim ${pid} is gone` };
  const difference = identityDifference(identity, now);
  if (difference !== undefined) return { says: 'Gone', reason: `shim ${pid} is gone: ${difference}` };
  const state = STATES[stat.state];
  if (state !== undefined) return couldNotLook(`shim ${pid} (${exe}) ${state}`, true);
  if (catchesSignal(status, 'SIGUSR1')) return undefined;
  return couldNotLook(
    `shim ${pid} (${exe}) has no handler for SIGUSR1, which would end it: no shim of containerd, which prints its goroutines then`,
    false,
  );
}

/** Asks for dumps, at most two; the second time by strace where the first was lost. */
function createAsking(shim: ShimFacts, means: Means) {
  const { procfs, fence, journalDirectory, dumpMs, trace, signal } = means;
  const { identity, namespace, bundle } = shim;
  const pid = procfs.status(identity.pid)?.nsPids.at(-1) ?? identity.pid;
  const origin: Origin = { pid, namespace, bundle };
  let asked = 0;
  let traceOnly = false;

  const askThrough = async (readers: readonly LogReader[]): Promise<Taken> => {
    try {
      asked += 1;
      return await takeDump(fence, identity, origin, readers, dumpMs, signal);
    } finally {
      for (const reader of readers) await reader.close();
    }
  };
  const askByTrace = async (lost: string): Promise<Taken> => {
    // It may have stopped since the first signal.
    const stuck = whyStuck(procfs, shim);
    if (stuck !== undefined) return { lost: `${lost}; ${stuck}` };
    if (!trace) return { lost: `${lost}; tracing is switched off (parameter trace)` };
    const traced = await straceReader(identity.pid, signal);
    if ('refused' in traced) return { lost: `${lost}; ${traced.refused}` };
    traceOnly = true;
    const taken = await askThrough([traced.reader]);
    return 'lost' in taken ? { lost: `${lost}; ${taken.lost}` } : taken;
  };
  return {
    left: () => MAX_DUMPS - asked,
    async ask(): Promise<Taken> {
      const source: DumpSource = traceOnly ? { lost: '' } : await attachToLog(procfs, shim, journalDirectory);
      if ('stuck' in source) return { refused: source.stuck };
      if ('lost' in source) return askByTrace(source.lost);
      const taken = await askThrough(source.readers);
      return 'lost' in taken && asked < MAX_DUMPS ? askByTrace(taken.lost) : taken;
    },
  };
}
