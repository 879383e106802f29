import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outsiderEnvironment } from './command.ts';

/** A program that a test started, and what it said so far. */
export interface Running {
  output(): string;
  /** Waits until it has said something. @throws Error with all it said, after a minute or its end. */
  says(what: RegExp): Promise<void>;
  /** TERM to its whole group, and waits. */
  stop(): Promise<void>;
}

/** An empty folder outside of the checkout. */
export interface Scratch {
  directory: string;
  /** Starts a line as an outsider's shell would; it ends with the scratch at the latest. */
  start(line: string, env?: Record<string, string>): Running;
  remove(): Promise<void>;
}

const PATIENCE_MS = 60_000;

function running(child: ChildProcess, line: string): Running {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (part: string) => (text += part));
  const ended = once(child, 'close');
  return {
    output: () => text,
    says: async (what) => {
      for (const end = Date.now() + PATIENCE_MS; !what.test(text); await new Promise((resolve) => setTimeout(resolve, 50)))
        if (Date.now() > end || child.exitCode !== null) throw new Error(`"${line}" did not say ${what}:\n${text.slice(-8000)}`);
    },
    stop: async () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGTERM');
      await ended;
    },
  };
}

/** Makes it. */
export function makeScratch(): Scratch {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-out-'));
  const started: Running[] = [];
  return {
    directory,
    start: (line, env) => {
      const child = spawn('sh', ['-c', line], {
        cwd: directory,
        env: outsiderEnvironment(env),
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      const one = running(child, line);
      started.push(one);
      return one;
    },
    remove: async () => {
      await Promise.all(started.map((one) => one.stop()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
