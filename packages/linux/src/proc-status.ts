import { ProcError } from './proc-error.ts';
import { signalNumber, type SignalName } from './signal-name.ts';

/** Real, effective, saved-set and filesystem id, in the order of proc(5). */
export interface ProcessIds {
  readonly real: number;
  readonly effective: number;
  readonly saved: number;
  readonly filesystem: number;
}

/** What `/proc/PID/status` says (proc(5)). Sizes are in KiB and absent for zombies and kernel threads. */
export interface ProcStatus {
  readonly name: string;
  readonly pid: number;
  /** Process id; differs from `pid` when `pid` is another thread of it. */
  readonly tgid: number;
  readonly ppid: number;
  /** 0: nobody traces it. */
  readonly tracerPid: number;
  readonly uid: ProcessIds;
  readonly gid: ProcessIds;
  /** The pid in each nested pid namespace, from the reader's to the process' own. */
  readonly nsPids: readonly number[];
  readonly threads: number;
  readonly vmSizeKib?: number;
  readonly vmRssKib?: number;
  readonly rssAnonKib?: number;
  readonly vmSwapKib?: number;
  /** Signal masks; bit `number - 1` stands for a signal. */
  readonly sigPnd: bigint;
  readonly shdPnd: bigint;
  readonly sigBlk: bigint;
  readonly sigIgn: bigint;
  readonly sigCgt: bigint;
}

/**
 * Whether the process has a handler for the signal (`SigCgt`).
 *
 * A process without one is *ended* by SIGUSR1 (signal(7), default action). With one it need not do what one hopes for: every Go
 * program catches every signal, and prints nothing unless it asked for it.
 */
export function catchesSignal(status: Pick<ProcStatus, 'sigCgt'>, signal: SignalName): boolean {
  const number = signalNumber(signal);
  return number !== undefined && ((status.sigCgt >> BigInt(number - 1)) & 1n) === 1n;
}

/** Parses the text of `/proc/PID/status`. Throws {@link ProcError} `KDR_PROC_MALFORMED` when a field that every process has is missing. */
export function parseProcStatus(text: string, path = 'status'): ProcStatus {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const need = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw new ProcError('KDR_PROC_MALFORMED', path, `${path} has no field ${name}`);
    return value;
  };
  const number = (name: string): number => toInteger(need(name), path, name);
  const kib = (name: string): number | undefined => {
    const value = fields.get(name);
    return value === undefined ? undefined : toInteger(value.replace(/ kB$/, ''), path, name);
  };
  const numbers = (name: string, value: string): number[] => value.split(/\s+/).map((part) => toInteger(part, path, name));
  const ids = (name: string): ProcessIds => {
    const [real = NaN, effective = NaN, saved = NaN, filesystem = NaN] = numbers(name, need(name));
    return { real, effective, saved, filesystem };
  };
  const mask = (name: string): bigint => {
    const value = need(name);
    if (!/^[0-9a-f]{1,32}$/i.test(value)) throw new ProcError('KDR_PROC_MALFORMED', path, `${path}: ${name} is not a mask`);
    return BigInt(`0x${value}`);
  };
  return {
    // Unlike in stat, the kernel escapes line ends and backslashes here (seq_escape_str in fs/proc/array.c).
    name: need('Name').replace(/\\(n|\\)/g, (_match, what: string) => (what === 'n' ? '\n' : '\\')),
    pid: number('Pid'),
    tgid: number('Tgid'),
    ppid: number('PPid'),
    tracerPid: number('TracerPid'),
    uid: ids('Uid'),
    gid: ids('Gid'),
    nsPids: numbers('NSpid', fields.get('NSpid') ?? need('Pid')), // NSpid: kernels ≥ 4.1 with pid namespaces
    threads: number('Threads'),
    vmSizeKib: kib('VmSize'),
    vmRssKib: kib('VmRSS'),
    rssAnonKib: kib('RssAnon'),
    vmSwapKib: kib('VmSwap'),
    sigPnd: mask('SigPnd'),
    shdPnd: mask('ShdPnd'),
    sigBlk: mask('SigBlk'),
    sigIgn: mask('SigIgn'),
    sigCgt: mask('SigCgt'),
  };
}

function toInteger(text: string, path: string, name: string): number {
  if (!/^-?\d+$/.test(text)) throw new ProcError('KDR_PROC_MALFORMED', path, `${path}: ${name} is not a number`);
  return Number(text);
}
