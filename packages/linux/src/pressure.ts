import { join } from 'node:path';
import { readBounded } from './bounded-read.ts';
import { absentOrThrow, errnoName, ProcError } from './proc-error.ts';

/** Resources that the kernel measures pressure of (Documentation/accounting/psi.rst). `irq` since Linux 6.1, and only `full`. */
export type PressureResource = 'cpu' | 'memory' | 'io' | 'irq';

/** One line: share of time in percent over three windows, and the total. */
export interface PressureLine {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  /** Microseconds of stall since boot, or since the cgroup was made. */
  readonly totalMicroseconds: number;
}

/** `some`: at least one task waited; `full`: all tasks did at once. */
export interface PressureSample {
  readonly some?: PressureLine;
  readonly full?: PressureLine;
}

/** Pressure, or that the kernel does not measure it here. Being switched off is a fact, not an error. */
export type Pressure = ({ readonly state: 'Enabled' } & PressureSample) | { readonly state: 'Disabled'; readonly reason: string };

/** Parses the text of a pressure file. Throws {@link ProcError} `KDR_PROC_MALFORMED` if no line is one of pressure. */
export function parsePressure(text: string, path = 'pressure'): PressureSample {
  const sample: { some?: PressureLine; full?: PressureLine } = {};
  for (const line of text.split('\n')) {
    const match = /^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/.exec(line);
    if (!match) continue;
    const [, kind, avg10, avg60, avg300, total] = match;
    sample[kind as 'some' | 'full'] = {
      avg10: Number(avg10),
      avg60: Number(avg60),
      avg300: Number(avg300),
      totalMicroseconds: Number(total),
    };
  }
  if (!sample.some && !sample.full) throw new ProcError('KDR_PROC_MALFORMED', path, `${path} holds no line of pressure`);
  return sample;
}

/** Pressure of the whole machine, from `<procRoot>/pressure/<resource>`. */
export function readMachinePressure(resource: PressureResource, procRoot = '/proc'): Pressure {
  return readPressureFile(join(procRoot, 'pressure', resource));
}

/** Pressure of one cgroup, from `<directory>/<resource>.pressure`; cgroup v2 only, v1 is `Disabled`. */
export function readCgroupPressure(directory: string, resource: PressureResource): Pressure {
  return readPressureFile(join(directory, `${resource}.pressure`));
}

/**
 * Percent of the time between two readings in which tasks stalled: what the kernel's own triggers compute, at our own interval.
 *
 * @param elapsedMicroseconds Monotonic time between the readings; `undefined` is returned for none, or when the counter went back (another cgroup).
 */
export function stallPercent(earlier: PressureLine, later: PressureLine, elapsedMicroseconds: number): number | undefined {
  const stalled = later.totalMicroseconds - earlier.totalMicroseconds;
  if (elapsedMicroseconds <= 0 || stalled < 0) return undefined;
  return Math.min(100, (stalled / elapsedMicroseconds) * 100);
}

function readPressureFile(path: string): Pressure {
  try {
    return { state: 'Enabled', ...parsePressure(readBounded(path, 4096).bytes.toString('utf8'), path) };
  } catch (error) {
    // psi=0 on the kernel's command line: the file fails with EOPNOTSUPP (kernel/sched/psi.c, psi_show) or is not there.
    if (errnoName(error) === 'ENOTSUP' || errnoName(error) === 'EOPNOTSUPP') {
      return { state: 'Disabled', reason: `${path}: pressure is switched off in this kernel (boot parameter psi=1 switches it on)` };
    }
    absentOrThrow(path, error);
    return { state: 'Disabled', reason: `${path} does not exist: no PSI in this kernel, not a cgroup v2, or the cgroup is gone` };
  }
}
