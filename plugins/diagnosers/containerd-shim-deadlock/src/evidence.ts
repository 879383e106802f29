import type { GoroutineDump } from '@kdr/goroutine-dump';
import type { Link, ShimVerdict } from './verdict.ts';

/** One fact, readable by itself. */
export interface Evidence {
  title: string;
  detail: string;
}

/** The cycle, one line for each goroutine of it, then what it keeps waiting. */
export function cycleEvidence(verdict: ShimVerdict): Evidence[] {
  const { cycle, bystanders } = verdict;
  const closed = verdict.variant === 'MutexCycle' || verdict.variant === 'UnsubscribeCycle';
  const lines = cycle.map((link, at) => {
    const next = cycle[at + 1] ?? (closed ? cycle[0] : undefined);
    return { title: titleOf(link, next), detail: detailOf(link) };
  });
  if (bystanders > 0) lines.push({ title: 'Kept waiting', detail: `${bystanders} other goroutines wait for a mutex` });
  return lines;
}

const titles: Record<Link['role'], string> = {
  reaper: 'The reaper',
  reader: 'The reader of its exits',
  holder: 'The holder of that mutex',
  subscriber: 'One that waits for a process',
};

function titleOf(link: Link, next: Link | undefined): string {
  return `${titles[link.role]} (goroutine ${link.goroutine}) waits${next ? ` for goroutine ${next.goroutine}` : ''}`;
}

/** `goroutine 22 [sync.Mutex.Lock, 3 min] proc.(*execProcess).Pid exec.go:72: waits for mutex 0x…c20`. */
function detailOf(link: Link): string {
  const state = link.minutes === undefined ? link.state : `${link.state}, ${link.minutes} min`;
  const holds = link.holds === undefined ? '' : link.holds.includes(' holds ') ? `; ${link.holds}` : `; holds ${link.holds}`;
  return `goroutine ${link.goroutine} [${state}] ${link.frame} ${link.place}: waits for ${link.waitsFor}${holds}`;
}

/** Which of the dumps of a text was judged: `pid 13701, namespace k8s.io, bundle /run/…, dump of 2026-…, newest of 3`. */
export function whichDump(dump: GoroutineDump, count: number): string {
  return [
    dump.pid === undefined ? 'no pid in the text' : `pid ${dump.pid}`,
    ...(dump.fields['namespace'] === undefined ? [] : [`namespace ${dump.fields['namespace']}`]),
    ...(dump.fields['path'] === undefined ? [] : [`bundle ${dump.fields['path']}`]),
    dump.time === undefined ? `dump at line ${dump.line}` : `dump of ${dump.time}`,
    ...(count > 1 ? [`newest of ${count}`] : []),
    ...(dump.complete ? [] : ['end not seen']),
  ].join(', ');
}
