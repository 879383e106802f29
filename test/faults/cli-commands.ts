import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, cleanUpAbandoned } from './clean-up.ts';
import { readFaultsConfig } from './config.ts';
import { startContainerd, type Containerd } from './containerd.ts';
import { deadlockShim } from './deadlock.ts';
import { FaultError } from './fault-error.ts';
import { fixedShimUnderBurst } from './fixed-burst.ts';
import { shimWithoutHandler } from './handlerless-shim.ts';
import { startNonReapingParent, type NonReapingKind } from './non-reaping-parent.ts';
import { reusePid } from './pid-reuse.ts';
import type { OnProgress } from './progress.ts';
import { requireRoot } from './root-rights.ts';
import { ensureRuntime, missingPackages } from './runtime-packages.ts';
import { buildShim, type ShimApi } from './shim-build.ts';
import { endInit, startShimContainer, stopShim, type ShimContainer } from './shim-container.ts';

/** What the command line gave. */
export interface CommandInput {
  readonly operand?: string;
  readonly api: ShimApi;
  readonly go?: '1.13.15';
  readonly kind?: string;
  readonly children: number;
  readonly endInit: boolean;
  readonly onProgress: OnProgress;
  /** To be called in reverse order at the end, or at Ctrl-C in the middle. */
  readonly atEnd: (undo: () => Promise<void>) => void;
}

/** One command: makes its fault and returns what a person wants to know, pids first. `stays` is false when there is nothing to keep. */
export interface Command {
  readonly help: string;
  readonly stays: boolean;
  readonly run: (input: CommandInput) => Promise<Record<string, unknown>>;
}

/** All commands, by name. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  install: {
    help: 'install what the faults need (Debian, root)',
    stays: false,
    run: async ({ onProgress }) => ({ missing: missingPackages(), installed: await ensureRuntime({ onProgress }) }),
  },
  deadlock: {
    help: 'a deadlocked v1.2.0 shim [--api runc-v1|v1] [--go 1.13.15] [--end-init: kill the container, too]',
    stays: true,
    run: async (input) => {
      requireRoot('run containers');
      const shim = await buildShim({ version: 'v1.2.0', ...input });
      const container = await startShimContainer(await ownContainerd(input, shim), { id: 'victim', shim });
      const made = await deadlockShim(container, input);
      input.atEnd(made.stop);
      const init = input.endInit ? await endInit(made.container) : 'running';
      return { ...describe(made.container), init, attempts: made.attempts, afterMs: made.afterMs, zombiePids: made.zombiePids };
    },
  },
  'fixed-burst': {
    help: 'the fixed v1.2.10 shim, stalling under a burst of execs; it recovers [--api] [--go]',
    stays: true,
    run: async (input) => {
      requireRoot('run containers');
      const shim = await buildShim({ version: 'v1.2.10', ...input });
      const made = await fixedShimUnderBurst(await ownContainerd(input, shim), { id: 'control', shim });
      input.atEnd(made.stop);
      void made.recovery(300_000).then((seen) => input.onProgress(`Recovery: ${JSON.stringify(seen)}`));
      return describe(made.container);
    },
  },
  'stopped-shim': {
    help: "a container whose shim (Debian's) got SIGSTOP",
    stays: true,
    run: async (input) => {
      requireRoot('run containers');
      const container = await startShimContainer(await ownContainerd(input), { id: 'stopped' });
      await stopShim(container);
      return describe(container);
    },
  },
  handlerless: {
    help: 'a stand-in shim without SIGUSR1 handler [--kind silent|dies]',
    stays: true,
    run: async ({ kind = 'silent', onProgress, atEnd }) => {
      if (kind !== 'silent' && kind !== 'dies') throw new FaultError('KDR_FAULTS_BAD_ARGUMENT', 'The kinds are silent and dies.');
      const made = await shimWithoutHandler(kind, { onProgress });
      atEnd(made.stop);
      return { pid: made.pid, childPid: made.childPid, catchesUsr1: made.catchesUsr1 };
    },
  },
  zombies: {
    help: 'a process that never reaps its children, no root [--children 3] [--kind plain|ignores-term|counts-term|counts-term-and-ends]',
    stays: true,
    run: async ({ kind = 'plain', children, atEnd }) => {
      if (!isNonReapingKind(kind)) throw new FaultError('KDR_FAULTS_BAD_ARGUMENT', `The kinds are ${KINDS.join(', ')}.`);
      const made = await startNonReapingParent({ kind, children });
      atEnd(made.stop);
      return { pid: made.pid, zombiePids: made.zombiePids };
    },
  },
  'reuse-pid': {
    help: 'a new process with exactly this pid: reuse-pid PID (root)',
    stays: true,
    run: async ({ operand, atEnd }) => {
      const made = await reusePid(Number(operand));
      atEnd(made.stop);
      return { pid: made.pid };
    },
  },
  'clean-up': {
    help: 'end what makers left that were killed: clean-up [DIRECTORY]',
    stays: false,
    run: async ({ operand, onProgress }) => {
      if (operand === undefined) return { cleaned: await cleanUpAbandoned({ onProgress }) };
      await cleanUp(operand, { onProgress });
      return { cleaned: [operand] };
    },
  },
};

const KINDS: readonly NonReapingKind[] = ['plain', 'ignores-term', 'counts-term', 'counts-term-and-ends'];

function isNonReapingKind(kind: string): kind is NonReapingKind {
  return KINDS.some((known) => known === kind);
}

/** The undo is registered before anything starts, so that Ctrl-C in between finds it. */
async function ownContainerd({ api, atEnd, onProgress }: CommandInput, shim?: string): Promise<Containerd> {
  const directory = mkdtempSync(join(readFaultsConfig().temporaryDirectory, 'kdr-fault-'));
  atEnd(() => cleanUp(directory, { onProgress, missingIsFine: true }).catch((error: unknown) => removeUnmarked(directory, error)));
  return startContainerd({ directory, onProgress, shim: api === 'v1' ? shim : undefined });
}

function removeUnmarked(directory: string, error: unknown): void {
  if (!(error instanceof FaultError) || error.code !== 'KDR_FAULTS_NOT_OURS') throw error;
  rmSync(directory, { recursive: true, force: true });
}

function describe(container: ShimContainer): Record<string, unknown> {
  const { containerd, id, namespace, shimPid, initPid, bundle } = container;
  return {
    shimPid,
    initPid,
    containerdPid: containerd.pid,
    containerdLog: containerd.log,
    ctr: `ctr --address ${containerd.socket} --namespace ${namespace} task ls`,
    container: id,
    bundle,
  };
}
