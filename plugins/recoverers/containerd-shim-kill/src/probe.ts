import { type Procfs, observeExit, signalNumber } from '@kdr/linux';
import type { ProbeAnswer, TargetIdentity } from '@kdr/plugin-sdk';

/** Whether a KILL of this target was done, where no record tells: SIGKILL can't be caught, so a shim without a pending one was not hit. */
export function probe(procfs: Procfs, { process }: TargetIdentity): ProbeAnswer {
  if (process === undefined) return { outcome: 'Unknown', reason: 'the target is no process' };
  const { pid } = process;
  if (process.bootId !== procfs.bootId()) return { outcome: 'Unknown', reason: 'the machine was booted again since' };
  if (observeExit(procfs, process).outcome === 'Exited') return { outcome: 'Done', reason: `shim ${pid} has ended` };
  const status = procfs.status(pid);
  if (status === undefined) return { outcome: 'Done', reason: `shim ${pid} has ended` };
  const killBit = 1n << BigInt((signalNumber('SIGKILL') ?? 9) - 1);
  if (((status.shdPnd | status.sigPnd) & killBit) !== 0n) return { outcome: 'Done', reason: `shim ${pid} has a SIGKILL pending` };
  return { outcome: 'NotDone', reason: `shim ${pid} still runs, and no SIGKILL is pending` };
}
