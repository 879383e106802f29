import { spawn, type ChildProcess } from 'node:child_process';
import { createProcfs } from '../procfs.ts';
import { eventually } from './eventually.ts';

/** A real process of a test. */
export interface RealProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves with the signal that ended it, or null. */
  readonly ended: Promise<NodeJS.Signals | null>;
  /** Resolves when it has printed the text. */
  printed(text: string): Promise<void>;
}

/** Starts real processes and ends those that are left. */
export interface RealProcesses {
  start(program: string, ...args: string[]): Promise<RealProcess>;
  endAll(): Promise<void>;
}

/** Use one per test file and call `endAll` after each test. */
export function realProcesses(): RealProcesses {
  const procfs = createProcfs();
  const running = new Set<RealProcess>();
  return {
    start: async (program, ...args) => {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const ended = new Promise<NodeJS.Signals | null>((resolve, reject) => {
        child.once('exit', (_code, signal) => resolve(signal));
        child.once('error', reject);
      });
      const { pid } = child;
      if (pid === undefined) throw new Error(`${program} could not be started`, { cause: await ended.catch((error: unknown) => error) });
      const process: RealProcess = {
        pid,
        child,
        ended,
        printed: async (text) => void (await eventually(`output ${text}`, () => output.includes(text))),
      };
      running.add(process);
      // Between fork and exec a child is still a copy of this process.
      const own = procfs.exe(globalThis.process.pid)?.path;
      await eventually('exec', () => child.exitCode !== null || program === globalThis.process.execPath || procfs.exe(pid)?.path !== own);
      return process;
    },
    endAll: async () => {
      for (const process of running) {
        process.child.kill('SIGCONT');
        process.child.kill('SIGKILL');
        await process.ended;
      }
      running.clear();
    },
  };
}
