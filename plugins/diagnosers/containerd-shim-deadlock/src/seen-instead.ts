import { ownFrame, waitedMutex, type Frame, type Goroutine, type GoroutineDump } from '@kdr/goroutine-dump';
import { isFixedReaper, isReap, isShimFrame, isSignalLoop, waitsForExit } from './containerd-code.ts';
import { place, shortName } from './link.ts';
import { programName } from './program-name.ts';
import type { ShimVerdict } from './verdict.ts';

type Seen = Required<Pick<ShimVerdict, 'confidence' | 'reason' | 'seenInstead'>>;

/** Says what a dump shows when the reaper is not caught in its send. */
export function seenInstead(dump: GoroutineDump): Seen {
  const { goroutines } = dump;
  if (isFragment(dump)) {
    const reason = `Only the end of a dump (${goroutines.length} goroutines); its beginning is missing from the text.`;
    return { confidence: 'low', seenInstead: 'NoReaper', reason };
  }
  if (!goroutines.some((goroutine) => goroutine.frames.some(isShimFrame))) {
    return { confidence: 'high', seenInstead: 'NotAShim', reason: `Not a containerd shim, but ${programName(goroutines)}.` };
  }
  const other = fixedVersion(goroutines) ?? reaperAtWork(goroutines) ?? loopAlive(goroutines);
  const hang = fifoOpen(goroutines) ?? execIo(goroutines);
  if (other && hang) return { ...hang, reason: `${hang.reason} ${other.reason}` };
  return (
    other ??
    hang ?? {
      confidence: 'low',
      seenInstead: 'NoReaper',
      reason: 'The goroutine that reaps (handleSignals) is not in the dump, which may have been cut.',
    }
  );
}

/** Its END names the process, its BEGIN was lost, and what is left has neither the reaper nor the loop around it. */
function isFragment(dump: GoroutineDump): boolean {
  const lostBegin = dump.origin === 'bare' && dump.pid !== undefined;
  return (
    lostBegin &&
    !dump.goroutines.some((goroutine) => goroutine.frames.some((frame) => isReap(frame) || isSignalLoop(frame) || isFixedReaper(frame)))
  );
}

function fixedVersion(goroutines: readonly Goroutine[]): Seen | undefined {
  const fixed = goroutines.find((goroutine) => goroutine.frames.some(isFixedReaper));
  if (!fixed) return undefined;
  const notifying = goroutines.filter((goroutine) =>
    goroutine.frames.some((frame) => isFixedReaper(frame) && frame.method.startsWith('notify')),
  ).length;
  const pile = notifying > 1 ? ` ${notifying} goroutines are in notify, which gives up after a second.` : '';
  const loop = goroutines.find((goroutine) => goroutine.frames.some(isSignalLoop));
  const frame = fixed.frames.find(isFixedReaper);
  const alive = loop ? ` Its loop is alive: goroutine ${loop.id} [${loop.state}].` : '';
  const reason = `Shim of a fixed version (1.2.8 or later: ${frame ? shortName(frame) : ''} in sys/reaper sends without blocking).${alive}${pile}`;
  return { confidence: 'high', seenInstead: 'FixedVersion', reason };
}

function reaperAtWork(goroutines: readonly Goroutine[]): Seen | undefined {
  const reaping = goroutines.find((goroutine) => goroutine.frames.some((frame) => isReap(frame)));
  if (!reaping || (reaping.state === 'chan send' && isReap(ownFrame(reaping)))) return undefined;
  const reason = `The reaper is at work: goroutine ${reaping.id} [${reaping.state}] in ${describe(ownFrame(reaping))}.`;
  return { confidence: waitedMutex(reaping) === undefined ? 'high' : 'low', seenInstead: 'ReaperAtWork', reason };
}

/** The loop of handleSignals waits for the next signal (`select`, or `chan receive` where it has one channel), or has just got one. */
function loopAlive(goroutines: readonly Goroutine[]): Seen | undefined {
  const loop = goroutines.find((goroutine) => isSignalLoop(ownFrame(goroutine)) && goroutine.state !== 'chan send');
  if (!loop) return undefined;
  const commands = goroutines.filter(waitsForExit).length;
  const waiting = goroutines.filter((goroutine) => waitedMutex(goroutine) !== undefined).length;
  const busy =
    commands + waiting === 0 ? 'Idle and healthy' : `Busy (${commands} waiting for a runc command, ${waiting} for a mutex) and healthy`;
  return {
    confidence: 'high',
    seenInstead: 'LoopAlive',
    reason: `${busy}: the loop that reaps is alive, goroutine ${loop.id} [${loop.state}] in ${describe(ownFrame(loop))}.`,
  };
}

// moby#36661: the other end of a container's stdio FIFO is gone, and the open blocks.
function fifoOpen(goroutines: readonly Goroutine[]): Seen | undefined {
  const hanging = goroutines.filter(
    (goroutine) =>
      goroutine.frames.some(opensFifo) && goroutine.frames.some((frame) => /copyPipes|\)\.start$|\)\.Create$/.test(frame.function)),
  );
  const [first] = hanging;
  if (!first) return undefined;
  const frame = first.frames.find(opensFifo);
  return {
    confidence: 'high',
    seenInstead: 'FifoOpen',
    reason: `FIFO open hang (as in moby#36661): goroutine ${first.id} [${first.state}] in ${describe(frame)}; nobody opens the other end of the container's stdio.`,
  };
}

function opensFifo(frame: Frame): boolean {
  return frame.package.endsWith('containerd/fifo') && frame.method.startsWith('OpenFifo');
}

// containerd#10058: Delete waits for the copying of an exec's output, and a process that was left behind keeps the pipe open.
function execIo(goroutines: readonly Goroutine[]): Seen | undefined {
  const waits = goroutines.find(
    (goroutine) =>
      goroutine.frames.some((frame) => frame.package === 'sync' && frame.receiver === 'WaitGroup' && frame.method === 'Wait') &&
      goroutine.frames.some((frame) => /\.\(\*(?:execProcess|Init)\)\.delete$/.test(frame.function)),
  );
  if (!waits) return undefined;
  return {
    confidence: 'high',
    seenInstead: 'ExecIo',
    reason: `Delete waits for the output of a process to end (as in containerd#10058): goroutine ${waits.id} [${waits.state}] in ${describe(ownFrame(waits))}.`,
  };
}

function describe(frame: Frame | undefined): string {
  return frame ? `${shortName(frame)} ${place(frame)}`.trim() : 'an unknown place';
}
