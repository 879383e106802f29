import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..', '..');

/** An ordinary user of this machine, made for a test. */
export interface ThrowAwayUser {
  uid: number;
  home: string;
  remove(): void;
}

/** A fresh clone of what is committed, and a temporary directory of its own for what runs in it. */
export interface Clone {
  directory: string;
  /** What its runs take as TMPDIR: short, since sockets live below it. */
  temporary: string;
  user?: ThrowAwayUser;
  remove(): void;
}

/** A running `npm run demo`. */
export interface DemoRun {
  process: ChildProcess;
  /** In the environment of everything that it starts. */
  mark: string;
  output(): string;
  /** Waits until the output has this; rejects when the run ends first. */
  says(text: string | RegExp): Promise<void>;
  /** Resolves with exit code and seconds. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; seconds: number }>;
  /** To its whole process group, as a terminal does on Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void;
}

/** Makes the user, with a home of its own and an empty cache. Root only. */
export function makeUser(): ThrowAwayUser {
  const home = mkdtempSync('/tmp/kdh-');
  const name = `kdr${home.slice(-6).toLowerCase()}`;
  execFileSync('useradd', ['--no-create-home', '--home-dir', home, '--shell', '/bin/sh', name]);
  const uid = Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }));
  execFileSync('chown', [`${uid}:${uid}`, home]);
  return {
    uid,
    home,
    remove: () => {
      execFileSync('userdel', [name], { stdio: 'ignore' });
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Clones this repository. `builtAs`: another clone, whose finished builds are taken over (turbo's cache), not its packages. */
export function freshClone({ user, builtAs }: { user?: ThrowAwayUser; builtAs?: Clone } = {}): Clone {
  const base = mkdtempSync('/tmp/kdc-');
  const directory = join(base, 'kdr');
  const temporary = join(base, 't');
  // Of that clone, not of a repository in which somebody may have committed since: the builds fit.
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', builtAs?.directory ?? root, directory]);
  mkdirSync(temporary);
  const cache = join('.turbo', 'cache');
  if (builtAs !== undefined && existsSync(join(builtAs.directory, cache)))
    cpSync(join(builtAs.directory, cache), join(directory, cache), { recursive: true });
  if (user !== undefined) execFileSync('chown', ['--recursive', `${user.uid}:${user.uid}`, base]);
  execFileSync('chmod', ['0755', base]);
  return { directory, temporary, user, remove: () => rmSync(base, { recursive: true, force: true }) };
}

/** Starts `npm run demo` in a clone, without a terminal, as the leader of a process group. */
export function startDemo({ directory, temporary, user }: Clone, args: string[] = []): DemoRun {
  const mark = `${directory}-${Date.now()}`;
  const command = ['npm', 'run', 'demo', '--', ...args];
  const become = user === undefined ? [] : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.uid}`, '--clear-groups', '--'];
  const [program = '', ...rest] = [...become, ...command];
  const begun = performance.now();
  const child = spawn(program, rest, {
    cwd: directory,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(temporary, mark, user),
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const ended = new Promise<Awaited<DemoRun['ended']>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, seconds: (performance.now() - begun) / 1000 }));
  });
  const over = ended.then(({ code }) => ({ code }));
  return {
    process: child,
    mark,
    output: () => text,
    ended,
    says: async (wanted) => {
      while (!(typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text))) {
        const end = await Promise.race([over, sleep(50, undefined)]);
        if (end !== undefined) throw new Error(`the demo ended (${end.code}) without saying ${String(wanted)}:\n${text}`);
      }
    },
    signalGroup: (signal) => {
      if (child.pid === undefined) throw new Error(`${program} could not be started`);
      process.kill(-child.pid, signal);
    },
  };
}

/** As a person's shell has it: nothing of the package manager that runs this test, but for where packages come from. */
function environment(temporary: string, mark: string, user: ThrowAwayUser | undefined): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_registry$)|pnpm_|NODE_OPTIONS$|VITEST|TURBO|INIT_CWD$|TEST$|NODE_ENV$|CI$)/i.test(name),
  );
  const path = (process.env.PATH ?? '').split(':').filter((one) => !one.includes('node_modules'));
  const home = user === undefined ? {} : { HOME: user.home, USER: 'nobody', XDG_CACHE_HOME: undefined };
  return { ...Object.fromEntries(kept), PATH: path.join(':'), TMPDIR: temporary, KDR_TEST_MARK: mark, ...home };
}
