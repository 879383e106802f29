import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';

/** A plugin in a process of its own. */
export interface PluginProcess {
  socket: string;
  process: ChildProcess;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
}

/** Starts a program that listens on `socket`, and waits until it does. */
export async function startPluginProcess(command: string, args: string[], socket: string): Promise<PluginProcess> {
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const deadline = Date.now() + 60_000;
    while (!(await listens(socket))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${command} ${args.join(' ')} does not listen on ${socket}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return child;
  };
  const one: PluginProcess = {
    socket,
    process: await start(),
    kill: async () => {
      const { process } = one;
      if (process.exitCode !== null || process.signalCode !== null) return;
      const exited = once(process, 'exit');
      process.kill('SIGKILL');
      await exited;
    },
    start: async () => {
      one.process = await start();
    },
  };
  return one;
}

/** The arguments with which this Node runs a program of the tests from source. */
export function sourceProgram(file: string, ...args: string[]): string[] {
  return ['--conditions=kdr-source', file, ...args];
}

function listens(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const connection = connect(socket)
      .once('connect', () => resolve(true))
      .once('error', () => resolve(false))
      .once('connect', () => connection.destroy());
  });
}
