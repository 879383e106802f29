import { ownFrame, waitedMutex, type Goroutine, type GoroutineDump } from '@kdr/goroutine-dump';
import {
  isFixedReaper,
  isMonitor,
  isProcessExits,
  isReap,
  mayStillDrain,
  monitorAddress,
  waitsForExit,
  waitsForMonitor,
} from './containerd-code.ts';
import { place, shortName, toLink } from './link.ts';
import { chainToReaper, waitForReaper } from './mutex-chain.ts';
import { seenInstead } from './seen-instead.ts';
import type { Link, SecondLook, ShimVerdict } from './verdict.ts';

/** Seconds from which on a second look counts. */
export const secondLookAfter = 5;

/**
 * Judges the dump of one shim: is its reaper deadlocked (containerd PR 3529, fixed by PR 3540)?
 *
 * A dump is a snapshot of the stopped world. *high* is a proof from one snapshot: the reaper sends while it holds the Monitor's lock,
 * and every goroutine whose channel can be the full one waits, tied by addresses, for the reaper. *medium* is the reaper in its send
 * plus one partner, and the same goroutines again in a second look or for a minute already. Everything else is NotDeadlocked;
 * its confidence is low where something was there that proves nothing. That "reaper.go" occurs in a stack means nothing at all.
 */
export function judgeShimDump(dump: GoroutineDump, options: { secondLook?: SecondLook } = {}): ShimVerdict {
  const { goroutines } = dump;
  const bystanders = goroutines.filter((goroutine) => waitedMutex(goroutine) !== undefined).length;
  if (goroutines.some((goroutine) => goroutine.frames.some(isFixedReaper))) return no(seenInstead(dump), bystanders);
  const reapers = goroutines.filter((goroutine) => goroutine.state === 'chan send' && isReap(ownFrame(goroutine)));
  const [reaper] = reapers;
  if (!reaper || reapers.length > 1) return judgeWithoutReaper(dump, options.secondLook, bystanders);
  if (options.secondLook && !stillThere(reaper, options.secondLook)) return movedOn(reaper, options.secondLook, bystanders);
  const proof = prove(dump, reaper);
  if (typeof proof !== 'string')
    return { verdict: 'Deadlocked', confidence: 'high', ...proof, bystanders: bystanders - waitersIn(proof.cycle) };
  return judgePartner(dump, reaper, proof, options.secondLook, bystanders);
}

type Proof = Pick<ShimVerdict, 'variant' | 'cycle' | 'reason'>;

/** The proof, or why there is none. */
function prove(dump: GoroutineDump, reaper: Goroutine): Proof | string {
  const { goroutines } = dump;
  const reader = goroutines.find((goroutine) => goroutine.frames.some(isProcessExits));
  if (!reader) return 'the goroutine of processExits is not in the dump';
  const draining = goroutines.find(mayStillDrain);
  if (draining)
    return `goroutine ${draining.id} [${draining.state}] is starting or reading a command, so the full channel may be its and be emptied soon`;
  const proof = proveMutexCycle(goroutines, reaper, reader) ?? proveUnsubscribeCycle(goroutines, reaper, reader);
  if (!proof) return 'no chain of locks leads from the reader of the exits back to the reaper';
  if (!dump.complete && !proof.cycle.every((link) => (link.minutes ?? 0) >= 1))
    return 'the end of the dump is missing, so a goroutine that could go on may be missing as well';
  return proof;
}

function proveMutexCycle(goroutines: readonly Goroutine[], reaper: Goroutine, reader: Goroutine): Proof | undefined {
  const lock = waitedMutex(reader);
  const chain = lock === undefined ? undefined : chainToReaper(reader, goroutines);
  if (!chain) return undefined;
  return {
    variant: 'MutexCycle',
    cycle: [reaperLink(reaper, goroutines), toLink(reader, 'reader', `mutex ${lock}`, 'the reading end of the exit channel'), ...chain],
    reason: `The reaper (goroutine ${reaper.id}) and the reader of its exits (goroutine ${reader.id}) wait for each other: ${[reaper.id, reader.id, ...chain.map((link) => link.goroutine), reaper.id].join(' → ')}.`,
  };
}

/** The service's channel is empty and so is that of each Wait: what is full is the channel of one that waits to unsubscribe. */
function proveUnsubscribeCycle(goroutines: readonly Goroutine[], reaper: Goroutine, reader: Goroutine): Proof | undefined {
  if (reader.state !== 'chan receive' || !isProcessExits(ownFrame(reader))) return undefined;
  const unsubscribing = goroutines.filter((goroutine) => waitsForMonitor(goroutine, 'Unsubscribe'));
  const [first] = unsubscribing;
  if (!first) return undefined;
  return {
    variant: 'UnsubscribeCycle',
    cycle: [
      reaperLink(reaper, goroutines),
      toLink(first, 'subscriber', waitForReaper(first) ?? '', 'the reading end of the full exit channel'),
    ],
    reason: `The reaper (goroutine ${reaper.id}) sends into the channel of a goroutine that waits for the reaper's own lock (${unsubscribing.map((goroutine) => goroutine.id).join(', ')}); every other channel is empty.`,
  };
}

function reaperLink(reaper: Goroutine, goroutines: readonly Goroutine[]): Link {
  const monitor = monitorAddress(goroutines);
  return toLink(reaper, 'reaper', 'room in an exit channel', `the Monitor lock${monitor === undefined ? '' : ` ${monitor}`}`);
}

function judgePartner(
  dump: GoroutineDump,
  reaper: Goroutine,
  unproven: string,
  second: SecondLook | undefined,
  bystanders: number,
): ShimVerdict {
  const partners = dump.goroutines.filter(isPartner);
  const lasting = partners.find((partner) => lasts(reaper, second) && lasts(partner, second));
  const partner = lasting ?? partners[0];
  const cycle = [reaperLink(reaper, dump.goroutines), ...(partner ? [partnerLink(partner)] : [])];
  const seen = `goroutine ${reaper.id} [${reaper.state}] in ${at(reaper)}${partner ? `, goroutine ${partner.id} [${partner.state}] in ${at(partner)}` : ''}`;
  if (!lasting) {
    const reason = `Seen: ${seen}. Not proven: ${unproven}; and no second look shows the same goroutines there again.`;
    return { verdict: 'NotDeadlocked', confidence: 'low', cycle, reason, seenInstead: 'Unproven', bystanders };
  }
  const reason = `The same goroutines stand there ${lastingFor(reaper, second)}: ${seen}. The whole cycle is not proven: ${unproven}.`;
  return { verdict: 'Deadlocked', confidence: 'medium', variant: 'Repeated', cycle, reason, bystanders };
}

/** Whoever waits for the reaper, and the reader when it waits for a mutex. */
function isPartner(goroutine: Goroutine): boolean {
  return waitForReaper(goroutine) !== undefined || (goroutine.frames.some(isProcessExits) && waitedMutex(goroutine) !== undefined);
}

function partnerLink(partner: Goroutine): Link {
  const waits = waitForReaper(partner);
  return waits === undefined ? toLink(partner, 'reader', `mutex ${waitedMutex(partner)}`) : toLink(partner, 'subscriber', waits);
}

function at(goroutine: Goroutine): string {
  const frame = ownFrame(goroutine);
  return frame ? `${shortName(frame)} ${place(frame)}`.trim() : 'an unknown place';
}

/** Stood there for a minute already, or stands there again in the second look. */
function lasts(goroutine: Goroutine, second: SecondLook | undefined): boolean {
  return (
    (goroutine.minutes ?? 0) >= 1 ||
    (second !== undefined && second.secondsLater >= secondLookAfter && again(goroutine, second) !== undefined)
  );
}

function again(goroutine: Goroutine, second: SecondLook): Goroutine | undefined {
  const found = second.dump.goroutines.find(({ id }) => id === goroutine.id);
  const same = found && found.state === goroutine.state && ownFrame(found)?.function === ownFrame(goroutine)?.function;
  return same && found.frames.length === goroutine.frames.length ? found : undefined;
}

function stillThere(reaper: Goroutine, second: SecondLook): boolean {
  return again(reaper, second) !== undefined;
}

function lastingFor(reaper: Goroutine, second: SecondLook | undefined): string {
  return reaper.minutes === undefined ? `again after ${second?.secondsLater ?? 0} s` : `for ${reaper.minutes} min`;
}

function movedOn(reaper: Goroutine, second: SecondLook, bystanders: number): ShimVerdict {
  const reason = `Goroutine ${reaper.id} was in ${at(reaper)} [${reaper.state}], but not any more ${second.secondsLater} s later: the reaper moves.`;
  return { verdict: 'NotDeadlocked', confidence: 'high', cycle: [], reason, seenInstead: 'MovedOn', bystanders };
}

/**
 * A text that was cut may lack the reaper (as the one in moby#40145). Then: one that waits for an exit, two or more service calls
 * on one mutex, and both for a minute or in two looks. A reaper that is there and not sending is alive.
 */
function judgeWithoutReaper(dump: GoroutineDump, second: SecondLook | undefined, bystanders: number): ShimVerdict {
  const { goroutines } = dump;
  const instead = seenInstead(dump);
  const lost = !dump.complete && instead.seenInstead === 'NoReaper' && !goroutines.some(({ id }) => id === 1);
  if (!lost) return no(instead, bystanders);
  const waiting = goroutines.find(
    (goroutine) => (waitsForExit(goroutine) || isMonitor(ownFrame(goroutine), 'Unsubscribe')) && lasts(goroutine, second),
  );
  const queue = largestQueue(goroutines.filter((goroutine) => lasts(goroutine, second)));
  if (!waiting || queue.length < 2) return no(instead, bystanders);
  const cycle = [
    partnerLink(waiting),
    ...queue.slice(0, 1).map((goroutine) => toLink(goroutine, 'reader', `mutex ${waitedMutex(goroutine)}`)),
  ];
  const reason = `The goroutine of the reaper is missing from the dump. Goroutine ${waiting.id} waits for an exit in ${at(waiting)}, ${queue.length} calls wait for mutex ${cycle[1]?.address}, ${lastingFor(waiting, second)}.`;
  return { verdict: 'Deadlocked', confidence: 'medium', variant: 'ReaperUnseen', cycle, reason, bystanders };
}

/** The calls of the shim's service that wait for one mutex, the most that share one. */
function largestQueue(goroutines: readonly Goroutine[]): Goroutine[] {
  const queues = new Map<string, Goroutine[]>();
  for (const goroutine of goroutines) {
    const lock = waitedMutex(goroutine);
    const inService = goroutine.frames.some((frame) => /^service$/i.test(frame.receiver ?? ''));
    if (lock !== undefined && inService) queues.set(lock, [...(queues.get(lock) ?? []), goroutine]);
  }
  return [...queues.values()].reduce((most, queue) => (queue.length > most.length ? queue : most), []);
}

function no(instead: Pick<ShimVerdict, 'confidence' | 'reason' | 'seenInstead'>, bystanders: number): ShimVerdict {
  return { verdict: 'NotDeadlocked', cycle: [], ...instead, bystanders };
}

function waitersIn(cycle: readonly Link[]): number {
  return cycle.filter((link) => link.address !== undefined).length;
}
