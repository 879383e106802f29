import { type Pressure, type PressureLine, type PressureResource, stallPercent } from '@kdr/linux';
import type { Resources } from './findings.ts';

/** The three that the kernel measures for a cgroup and for the machine. */
export const RESOURCES = ['cpu', 'memory', 'io'] as const satisfies readonly PressureResource[];
export type Look = Record<(typeof RESOURCES)[number], Pressure>;

/** Reads all three. */
export function lookAt(read: (resource: PressureResource) => Pressure): Look {
  return { cpu: read('cpu'), memory: read('memory'), io: read('io') };
}

/** Two looks as one answer: the kernel's averages of the later one, and the share of the time between them. */
export function between(earlier: Look, later: Look, elapsedMicroseconds: number): Resources {
  const of = (resource: keyof Look): Resources[keyof Resources] => {
    const [before, after] = [earlier[resource], later[resource]];
    if (after.state === 'Disabled') return { state: 'Disabled', reason: after.reason };
    const line = (kind: 'some' | 'full') =>
      withNow(before.state === 'Enabled' ? before[kind] : undefined, after[kind], elapsedMicroseconds);
    const [some, full] = [line('some'), line('full')];
    return { state: 'Enabled', ...(some && { some }), ...(full && { full }) };
  };
  return { cpu: of('cpu'), memory: of('memory'), io: of('io') };
}

function withNow(before: PressureLine | undefined, after: PressureLine | undefined, elapsedMicroseconds: number) {
  if (after === undefined) return undefined;
  const now = before && stallPercent(before, after, elapsedMicroseconds);
  const { avg10, avg60, avg300 } = after;
  return { avg10, avg60, avg300, ...(now !== undefined && { now }) };
}
