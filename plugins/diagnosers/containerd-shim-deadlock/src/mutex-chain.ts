import { ownFrame, receiverAddress, waitedMutex, type Frame, type Goroutine } from '@kdr/goroutine-dump';
import { holdingFrame, waitsForExit, waitsForMonitor } from './containerd-code.ts';
import { shortName, toLink } from './link.ts';
import type { Link } from './verdict.ts';

const maxLinks = 4; // service → init or exec process; two locks are all there are

/**
 * Follows a goroutine that waits for a mutex to the one that holds it, and on, until a holder that waits for the reaper.
 * Undefined when a link is missing or not tied by an address: then nothing is proven.
 */
export function chainToReaper(waiter: Goroutine, goroutines: readonly Goroutine[]): Link[] | undefined {
  const links: Link[] = [];
  let current = waiter;
  for (let depth = 0; depth < maxLinks; depth++) {
    const lock = waitedMutex(current);
    const frame = ownFrame(current);
    if (lock === undefined || frame === undefined) return undefined;
    const holder = soleHolder(lock, frame, goroutines);
    if (!holder) return undefined;
    const held = `${shortName(holder.frame)}(${receiverAddress(holder.frame)}) holds ${lock}`;
    const waits = waitForReaper(holder.goroutine);
    links.push(toLink(holder.goroutine, 'holder', waits ?? `mutex ${waitedMutex(holder.goroutine) ?? '?'}`, held));
    if (waits !== undefined) return links;
    current = holder.goroutine;
  }
  return undefined;
}

/** A mutex has one holder. Two candidates mean that the frames were misread, so neither counts. */
function soleHolder(lock: string, waiter: Frame, goroutines: readonly Goroutine[]): { goroutine: Goroutine; frame: Frame } | undefined {
  const holders = goroutines.flatMap((goroutine) => {
    if (waitedMutex(goroutine) === lock) return [];
    const frame = holdingFrame(goroutine, lock, waiter);
    return frame ? [{ goroutine, frame }] : [];
  });
  return holders.length === 1 ? holders[0] : undefined;
}

/** What of the reaper a goroutine waits for, in words. */
export function waitForReaper(goroutine: Goroutine): string | undefined {
  if (waitsForExit(goroutine)) return 'the exit of its runc, which only the reaper delivers';
  if (waitsForMonitor(goroutine, 'Unsubscribe') || waitsForMonitor(goroutine, 'Subscribe'))
    return `the Monitor lock ${waitedMutex(goroutine)}, held by the reaper`;
  return undefined;
}
