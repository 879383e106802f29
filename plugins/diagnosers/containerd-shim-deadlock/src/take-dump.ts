import { setTimeout as sleep } from 'node:timers/promises';
import type { GoroutineDump } from '@kdr/goroutine-dump';
import { INTRUSIVE_DIAGNOSIS_REFUSED_STATES, type ProcessIdentity, type SignalFence } from '@kdr/linux';
import type { LogReader } from './log-reader.ts';
import { type Origin, ownDump } from './own-dump.ts';

/** A dump that was asked for and came, or what happened instead. */
export type Taken =
  | { dump: GoroutineDump; where: string; askedAt: number }
  | { lost: string }
  /** The signal was not sent. */
  | { refused: string }
  | { gone: string };

const PAUSE_MS = 100;
const END = 'END goroutine stack dump';

/**
 * Asks a shim for its goroutines, once, and reads them. The readers are attached already: without a reader the pipe fills and the shim's logger
 * waits. A dump that comes in part within the time is given as it is.
 */
export async function takeDump(
  fence: SignalFence,
  identity: ProcessIdentity,
  origin: Origin,
  readers: readonly LogReader[],
  milliseconds: number,
  signal: AbortSignal,
): Promise<Taken> {
  const sent = fence.signal({
    ...{ identity, signal: 'SIGUSR1', allow: ['SIGUSR1'], requireHandler: true },
    refuseStates: [...INTRUSIVE_DIAGNOSIS_REFUSED_STATES, 'Z'],
  });
  if (sent.outcome === 'TargetGone') return { gone: sent.reason };
  if (sent.outcome === 'Refused') return { refused: sent.reason };
  const askedAt = performance.now();
  let part: Taken | undefined;
  for (;;) {
    const late = performance.now() - askedAt >= milliseconds;
    for (const { where, exclusive, read } of readers) {
      const text = await read();
      if (!text.includes(END) && !late) continue;
      const dump = ownDump(text, origin, exclusive);
      if (dump?.complete) return { dump, where, askedAt };
      if (dump) part = { dump, where, askedAt };
    }
    if (late) return part ?? { lost: `no dump arrived within ${milliseconds / 1000} s in ${readers.map(({ where }) => where).join(', ')}` };
    await sleep(PAUSE_MS, undefined, { signal });
  }
}
