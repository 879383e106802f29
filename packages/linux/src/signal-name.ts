import { constants } from 'node:os';

/** Name of a signal, as in signal(7): `SIGTERM`, `SIGUSR1`, … */
export type SignalName = NodeJS.Signals;

/** Number of a signal on this machine (the numbers differ between architectures), or `undefined` for a name it does not have. */
export function signalNumber(name: string): number | undefined {
  return Object.hasOwn(constants.signals, name) ? constants.signals[name as SignalName] : undefined;
}
