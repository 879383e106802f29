import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, readStat, readThreads, zombiesOf, type ProcessIdentity } from './proc.ts';

/** What is seen of a shim from outside, without a signal. Equal values at two moments: nothing happened in between. */
interface Look {
  readonly cpuTicks: number;
  readonly zombies: string;
  readonly unfinished: string;
  readonly waiting: boolean;
}

/** The outcome of `awaitStandstill`. */
export interface Standstill {
  /** True: nothing moved for the whole quiet time while execs were waiting for an answer. */
  readonly stands: boolean;
  /** Milliseconds from the call to the last change that was seen. */
  readonly lastChangeMs: number;
}

const INTERVAL_MS = 200;
// Threads of a Go program that has nothing to do: futex_wait*, futex_do_wait, do_epoll_wait, ep_poll, and hrtimer_nanosleep for its monitor.
const IDLE = /^(futex_|do_epoll_wait|ep_poll|hrtimer_nanosleep|do_nanosleep)/;

/**
 * Watches a shim until it stands still for `quietMs`, or has answered every exec, or `timeoutMs` have passed. Standing still means: it is
 * alive, each thread waits in a futex or epoll, it used no CPU, the set of its zombie children is constant, and the same execs wait for it.
 * The fixed shim (v1.2.10) stands still for seconds too, so this decides only for a shim that is known to be an affected one.
 */
export async function awaitStandstill(
  shim: ProcessIdentity,
  unfinished: () => number[],
  { quietMs, timeoutMs }: { quietMs: number; timeoutMs: number },
): Promise<Standstill> {
  const started = performance.now();
  let last = look(shim, unfinished());
  let lastChange = started;
  for (;;) {
    await sleep(INTERVAL_MS);
    const now = performance.now();
    const next = look(shim, unfinished());
    if (!isSame(last, next)) lastChange = now;
    last = next;
    const lastChangeMs = Math.round(lastChange - started);
    if (!isAlive(shim) || last.unfinished === '') return { stands: false, lastChangeMs };
    if (now - lastChange >= quietMs) return { stands: true, lastChangeMs };
    if (now - started >= timeoutMs) return { stands: false, lastChangeMs };
  }
}

function look(shim: ProcessIdentity, unfinished: number[]): Look {
  const threads = readThreads(shim.pid);
  return {
    cpuTicks: readStat(shim.pid)?.cpuTicks ?? -1,
    zombies: zombiesOf(shim.pid)
      .map(({ pid }) => pid)
      .join(),
    unfinished: unfinished.join(),
    waiting: threads.length > 0 && threads.every(({ state, waitsIn }) => state === 'S' && IDLE.test(waitsIn)),
  };
}

function isSame(a: Look, b: Look): boolean {
  return b.waiting && a.cpuTicks === b.cpuTicks && a.zombies === b.zombies && a.unfinished === b.unfinished;
}
