import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Points at which a program of a test stops until the test lets it go on: files in a directory that both know. */
export interface Failpoints {
  /** The test: whoever comes to this point waits there. */
  arm(point: string): void;
  /** The test: waits until somebody stands there. */
  reached(point: string): Promise<void>;
  /** The test: lets everybody pass. */
  release(point: string): void;
  /** The program: passes, or waits while the point is armed. */
  pass(point: string): Promise<void>;
  /** The program: leaves a line. */
  note(line: string): void;
  /** The test: the lines so far. */
  notes(): string[];
}

const LONGEST_MS = 120_000;

async function becomesTrue(what: string, isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + LONGEST_MS; !isTrue(); await sleep(25)) if (Date.now() > end) throw new Error(`${what} did not happen`);
}

/** The failpoints of one directory. */
export function failpointsIn(directory: string): Failpoints {
  const armed = (point: string) => join(directory, `${point}.armed`);
  const reached = (point: string) => join(directory, `${point}.reached`);
  const notes = join(directory, 'notes');
  return {
    arm: (point) => {
      rmSync(reached(point), { force: true });
      writeFileSync(armed(point), '');
    },
    reached: (point) => becomesTrue(`failpoint ${point}`, () => existsSync(reached(point))),
    release: (point) => rmSync(armed(point), { force: true }),
    pass: async (point) => {
      if (!existsSync(armed(point))) return;
      writeFileSync(reached(point), '');
      await becomesTrue(`the release of ${point}`, () => !existsSync(armed(point)));
    },
    note: (line) => appendFileSync(notes, `${line}\n`),
    notes: () => (existsSync(notes) ? readFileSync(notes, 'utf8').split('\n').slice(0, -1) : []),
  };
}
