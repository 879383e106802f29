import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeParentDirectory, noteParent } from './abandoned-parents.ts';
import { FaultError } from './fault-error.ts';
import { isAlive, readStat, zombiesOf, type ProcessIdentity } from './proc.ts';
import { endProcess } from './process-end.ts';
import { becomesTrue } from './waiting.ts';

/**
 * `plain`: ends on TERM. `ignores-term`: only KILL ends it. `counts-term`: writes a line per TERM and stays.
 * `counts-term-and-ends`: the same, and ends half a second after the first one: a repeated TERM is still seen.
 */
export type NonReapingKind = 'plain' | 'ignores-term' | 'counts-term' | 'counts-term-and-ends';

/** A process with zombie children that it never waits for. */
export interface NonReapingParent extends ProcessIdentity {
  readonly kind: NonReapingKind;
  readonly zombiePids: number[];
  /** How many TERM it has had (the counting kinds; else always 0). */
  readonly terms: () => number;
  readonly isAlive: () => boolean;
  /** Ends it by KILL if it still is the same process. Its zombies then belong to init (pid 1), which reaps them. */
  readonly stop: () => Promise<void>;
}

/** Options of `startNonReapingParent`. */
export interface StartNonReapingParent {
  /** 1 to 100; default 3. */
  readonly children?: number;
  /** Its working directory; default the caller's. */
  readonly cwd?: string;
  readonly kind?: NonReapingKind;
}

// Node waits only for children that it spawned itself, so those inherited over exec stay zombies.
const COUNTING = `
  const { appendFileSync } = require('node:fs');
  const [log, ends] = process.argv.slice(1);
  process.on('SIGTERM', () => { appendFileSync(log, Date.now() + '\\n'); if (ends === 'ends') setTimeout(() => process.exit(0), 500); });
  appendFileSync(log + '.ready', '');
  setInterval(() => {}, 1 << 30);`;

/**
 * Starts a shell that starts short-lived children and then becomes, by exec, a program that does not know them: they stay zombies. Any user may;
 * no root, no package. Resolves when all the zombies are there.
 * @throws FaultError KDR_FAULTS_BAD_ARGUMENT, KDR_FAULTS_START_FAILED
 */
export async function startNonReapingParent({ children = 3, cwd, kind = 'plain' }: StartNonReapingParent = {}): Promise<NonReapingParent> {
  if (!Number.isInteger(children) || children < 1 || children > 100)
    throw new FaultError('KDR_FAULTS_BAD_ARGUMENT', `${children} children: give a whole number from 1 to 100.`);
  const directory = makeParentDirectory();
  const log = join(directory, 'terms');
  const script = [...Array.from({ length: children }, () => 'sleep 0.2 &'), becoming(kind)].join('\n');
  const child = spawn('/bin/sh', ['-c', script, 'sh', process.execPath, COUNTING, log], { cwd, stdio: 'ignore', detached: true });
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.unref();
  const stat = readStat(child.pid ?? -1);
  if (stat === undefined) throw new FaultError('KDR_FAULTS_START_FAILED', 'The shell ended at once.');
  const identity = { pid: stat.pid, startTicks: stat.startTicks };
  noteParent(directory, identity);
  const stop = async () => {
    await endProcess(identity, 0);
    rmSync(directory, { recursive: true, force: true });
  };
  const ready = () => zombiesOf(identity.pid).length >= children && (!kind.startsWith('counts') || existsSync(`${log}.ready`));
  if (!(await becomesTrue(ready, 10_000, 50))) {
    await stop();
    throw new FaultError('KDR_FAULTS_START_FAILED', `Process ${identity.pid} has not left ${children} zombies within 10 s.`);
  }
  return {
    ...identity,
    kind,
    zombiePids: zombiesOf(identity.pid).map(({ pid }) => pid),
    terms: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0),
    isAlive: () => isAlive(identity),
    stop,
  };
}

function becoming(kind: NonReapingKind): string {
  if (kind === 'plain') return 'exec sleep 100000';
  // An ignored signal stays ignored over exec (POSIX, execve(2)).
  if (kind === 'ignores-term') return "trap '' TERM\nexec sleep 100000";
  return `exec "$1" -e "$2" -- "$3" ${kind === 'counts-term-and-ends' ? 'ends' : 'stays'}`;
}
