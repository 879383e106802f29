import { createProcfs, createSignalFence, observeExit } from '@kdr/linux';
import { type PlanAnswer, defineRecoverer } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';
import { endProcess } from './end-process.ts';
import { type Target, readTarget } from './target.ts';

const procfs = createProcfs();
const fence = createSignalFence({ procfs, signals: ['SIGTERM', 'SIGKILL'] });

const Parameters = Type.Object({
  graceSeconds: Type.Number({ minimum: 0, maximum: 20, default: 5, description: 'How long it may take to end by itself after TERM.' }),
  forceKill: Type.Boolean({ default: false, description: 'KILL when it still runs after the grace. The policy must permit ForceKill.' }),
});

/** Ends one process that does not reap its children: TERM, and KILL only where that is asked for and permitted. */
export const plugin = defineRecoverer({
  name: 'process-kill',
  version: '0.1.0',
  description: 'Ends one process: TERM, then KILL where that is permitted',
  level: 'process',
  reversible: false,
  priority: 100,
  parameters: Parameters,
  privileges: ['hostPID', 'CAP_KILL', 'CAP_SYS_PTRACE'],
  timeoutSeconds: 30,
  plan({ diagnosis, target, parameters }) {
    const found = readTarget(procfs, diagnosis, target);
    return 'outcome' in found ? found : planned(found, parameters);
  },
  async act({ diagnosis, target, parameters, signal }) {
    const found = readTarget(procfs, diagnosis, target);
    if ('outcome' in found) return found;
    return endProcess(procfs, fence, found.process, parameters, signal);
  },
  probe({ target }) {
    const { process } = target;
    if (process === undefined) return { outcome: 'Unknown', reason: 'the target is no process' };
    const seen = observeExit(procfs, process);
    if (process.bootId !== procfs.bootId()) return { outcome: 'Unknown', reason: 'the machine was booted again since' };
    if (seen.outcome === 'Exited') return { outcome: 'Done', reason: `process ${process.pid} has ended` };
    return { outcome: 'Unknown', reason: `process ${process.pid} still runs: whether it has got a TERM cannot be told` };
  },
});

function planned(
  { process, program, containerInit }: Extract<Target, { process: unknown }>,
  { graceSeconds, forceKill }: { graceSeconds: number; forceKill: boolean },
): PlanAnswer {
  const who = `process ${process.pid} (${program})`.slice(0, 300);
  const ends = containerInit ? ', and with it its container, whose init it is' : '';
  const endsContainer = containerInit ? ['KillRunningContainer'] : [];
  return {
    outcome: 'Planned',
    actions: [
      {
        action: 'TerminateProcess',
        description: `SIGTERM to ${who}, then up to ${graceSeconds} s for it to end${ends}`,
        expectedEffect: 'It ends; its zombies go to init, which reaps them.',
        ...(containerInit && { requires: endsContainer }),
      },
      ...(forceKill
        ? [
            {
              action: 'KillProcess',
              description: `SIGKILL if it still runs then and is the same process${ends}`,
              requires: ['ForceKill', ...endsContainer],
            },
          ]
        : []),
    ],
  };
}
