import type { GoroutineDump } from '@kdr/goroutine-dump';

export type Confidence = 'high' | 'medium' | 'low';

/**
 * How the reaper is stuck. `MutexCycle`: the reader of the full channel waits for a mutex whose holder waits for the reaper.
 * `UnsubscribeCycle`: the reader itself waits for the reaper's lock. `Repeated`: not the whole cycle, but the same goroutines
 * stood there twice. `ReaperUnseen`: as Repeated, with the reaper's own goroutine missing from the dump.
 */
export type Variant = 'MutexCycle' | 'UnsubscribeCycle' | 'Repeated' | 'ReaperUnseen';

/** Part that a goroutine plays: it delivers exits (reaper), reads them for the service (reader), holds the mutex that the reader wants, or waits for one process. */
export type Role = 'reaper' | 'reader' | 'holder' | 'subscriber';

/** One goroutine of the cycle; it waits for the next one, the last for the first. */
export interface Link {
  goroutine: number;
  role: Role;
  state: string;
  minutes?: number;
  /** `shim.Reap`, `proc.(*execProcess).Pid`: last path element and name. */
  frame: string;
  /** `reaper_unix.go:44`. */
  place: string;
  /** What it waits for, in words. */
  waitsFor: string;
  /** What it holds, in words, where that keeps another one waiting. */
  holds?: string;
  /** Address of the lock it waits for, as in the dump. */
  address?: string;
}

/** What a dump shows when it is not this deadlock. */
export type SeenInstead =
  'FixedVersion' | 'LoopAlive' | 'ReaperAtWork' | 'FifoOpen' | 'ExecIo' | 'MovedOn' | 'Unproven' | 'NotAShim' | 'NoReaper';

/** The judgement over the dump of one shim. */
export interface ShimVerdict {
  verdict: 'Deadlocked' | 'NotDeadlocked';
  /** Of the verdict it stands beside. A low NotDeadlocked means: something is there, but it proves nothing. */
  confidence: Confidence;
  variant?: Variant;
  /** Empty unless something of the cycle was seen. */
  cycle: Link[];
  reason: string;
  seenInstead?: SeenInstead;
  /** Other goroutines that wait for a mutex: what the deadlock keeps waiting. */
  bystanders: number;
}

/** A second dump of the same process. */
export interface SecondLook {
  dump: GoroutineDump;
  /** Seconds between the two. Counts from 5 on. */
  secondsLater: number;
}
