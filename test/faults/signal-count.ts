import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants } from 'node:os';
import { execa } from 'execa';
import { FaultError } from './fault-error.ts';
import { requireProgram } from './program-path.ts';
import { requireRoot } from './root-rights.ts';
import { becomesTrue, waitUntil } from './waiting.ts';

/** One signal as the kernel generated it (tracepoint signal:signal_generate). */
export interface CountedSignal {
  readonly sig: number;
  /** The target. For a signal to a whole process, the kernel names one of its threads' ids, the main one as a rule. */
  readonly pid: number;
  readonly comm: string;
  /** 0 delivered, 1 ignored, 2 already pending (include/trace/events/signal.h). */
  readonly result: number;
  /** The process that was running: the sender, if the signal came from user space. */
  readonly senderPid: number;
  readonly senderComm: string;
}

/** Options of `countSignals`. */
export interface CountSignals {
  /** Only signals to this pid. */
  readonly pid?: number;
  /** Only this signal, such as `SIGUSR1`. */
  readonly signal?: NodeJS.Signals;
  /** Where the script and the raw lines are kept. */
  readonly directory: string;
}

/** A running count. */
export interface SignalCount {
  /** Waits until everything before it has been seen, ends the tracer, and returns what was counted, in order. */
  readonly stop: () => Promise<CountedSignal[]>;
}

const TRACING = '/sys/kernel/tracing';
const MOST = 100_000;

/**
 * Counts the signals that the kernel generates, on the whole machine, whoever sends them: the witness for "exactly one" and "none". Resolves when
 * the tracer really sees signals: it sends SIGCONT to a process of its own until one is seen. Mounts tracefs where it is not mounted, and
 * leaves it mounted.
 * @throws FaultError KDR_FAULTS_NOT_ROOT, KDR_FAULTS_MISSING_PROGRAM, KDR_FAULTS_UNSUPPORTED, KDR_FAULTS_TIMEOUT
 */
export async function countSignals({ pid, signal, directory }: CountSignals): Promise<SignalCount> {
  requireRoot('trace signals');
  const bpftrace = requireProgram('bpftrace');
  await mountTracing();
  mkdirSync(directory, { recursive: true });
  const probe = spawn('sleep', ['3600'], { stdio: 'ignore', detached: true });
  probe.unref();
  const script = join(directory, 'signals.bt');
  writeFileSync(script, bpftraceScript(probe.pid ?? 0, pid, signal === undefined ? undefined : constants.signals[signal]));
  const tracer = spawn(bpftrace, ['-q', script], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const seen: CountedSignal[] = [];
  const complaints: string[] = [];
  createInterface(tracer.stdout).on('line', (line) => seen.length < MOST && seen.push(...parseLine(line)));
  createInterface(tracer.stderr).on('line', (line) => complaints.length < 20 && complaints.push(line));
  const marks = () => seen.filter((one) => one.pid === probe.pid && one.sig === constants.signals.SIGCONT).length;
  const mark = async () => {
    const before = marks();
    const isSeen = () => marks() > before || !probe.kill('SIGCONT') || tracer.exitCode !== null;
    await waitUntil(`bpftrace sees signals (${complaints.join(' ')})`, isSeen, 30_000, 250);
    if (tracer.exitCode !== null) throw new FaultError('KDR_FAULTS_UNSUPPORTED', `bpftrace ended: ${complaints.join(' ')}`);
  };
  const end = async () => {
    await endTracer(tracer);
    probe.kill('SIGKILL');
  };
  try {
    await mark();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    stop: async () => {
      // Each CPU has a buffer of its own: after the mark, give the others one more round.
      await mark().finally(() => new Promise((resolve) => setTimeout(resolve, 300)));
      await end();
      const counted = seen.filter((one) => one.pid !== probe.pid);
      writeFileSync(join(directory, 'signals.json'), JSON.stringify(counted, null, 2));
      return counted;
    },
  };
}

function bpftraceScript(probePid: number, pid?: number, signal?: number): string {
  const wanted = [pid === undefined ? '' : `args->pid == ${pid}`, signal === undefined ? '' : `args->sig == ${signal}`].filter(
    (part) => part !== '',
  );
  const filter = wanted.length === 0 ? '' : `/ (${wanted.join(' && ')}) || args->pid == ${probePid} /`;
  const fields = 'args->sig, args->pid, args->result, pid, comm, args->comm';
  return `tracepoint:signal:signal_generate ${filter} { printf("%d\\t%d\\t%d\\t%d\\t%s\\t%s\\n", ${fields}); }\n`;
}

function parseLine(line: string): CountedSignal[] {
  const [sig, pid, result, senderPid, senderComm, comm] = line.split('\t');
  if (comm === undefined || senderComm === undefined) return [];
  return [{ sig: Number(sig), pid: Number(pid), comm, result: Number(result), senderPid: Number(senderPid), senderComm }];
}

async function mountTracing(): Promise<void> {
  if (existsSync(join(TRACING, 'events'))) return;
  const mounted = await execa('mount', ['-t', 'tracefs', 'nodev', TRACING], { reject: false, timeout: 10_000, stdin: 'ignore' });
  if (mounted.failed && !existsSync(join(TRACING, 'events')))
    throw new FaultError('KDR_FAULTS_UNSUPPORTED', `Cannot mount tracefs on ${TRACING}: ${mounted.stderr ?? ''}`);
}

/** bpftrace drains its buffers and ends on INT. */
async function endTracer(tracer: ChildProcess): Promise<void> {
  tracer.kill('SIGINT');
  if (!(await becomesTrue(() => tracer.exitCode !== null || tracer.signalCode !== null, 5000, 50))) tracer.kill('SIGKILL');
}
