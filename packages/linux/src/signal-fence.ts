import { closeSync } from 'node:fs';
import { LibcError, loadLibc, type Libc } from './libc.ts';
import { ProcError } from './proc-error.ts';
import { catchesSignal } from './proc-status.ts';
import { hasExited, type ProcessState, type ProcStat } from './proc-stat.ts';
import { identityDifference, processIdentity, type ProcessIdentity } from './process-identity.ts';
import { createProcfs, type Procfs } from './procfs.ts';
import { PROTECTED_PROGRAMS, protectedPid, protectedProgram, type DenyList, type ProtectionCode } from './protected-process.ts';
import { signalNumber, type SignalName } from './signal-name.ts';

/** Why the fence did not let a signal pass. Stable. */
export type RefusalCode =
  | ProtectionCode
  | 'InvalidIdentity'
  | 'SignalNotAllowed'
  | 'TargetState'
  | 'NoSignalHandler'
  | 'PermissionDenied'
  | 'PidfdUnsupported'
  | 'Unreadable'
  | 'SyscallFailed';

/** Why there is nobody to signal. Stable. */
export type TargetGoneCode = 'NoSuchProcess' | 'Exited' | 'Replaced';

/**
 * The end of one attempt. `Signalled`: the kernel took the signal for exactly this process. In the other two nothing was sent;
 * `reason` is a sentence for people.
 */
export type SignalOutcome =
  | { readonly outcome: 'Signalled' }
  | { readonly outcome: 'TargetGone'; readonly code: TargetGoneCode; readonly reason: string }
  | { readonly outcome: 'Refused'; readonly code: RefusalCode; readonly reason: string };

/** One signal to one process. */
export interface SignalRequest {
  readonly identity: ProcessIdentity;
  readonly signal: SignalName;
  /** Narrows the fence's signals for this call. */
  readonly allow?: readonly SignalName[];
  /** Adds to the fence's deny list for this call. */
  readonly deny?: DenyList;
  /** Refuse unless the process has a handler: without one SIGUSR1 ends it. */
  readonly requireHandler?: boolean;
  /** Refuse a process in one of these states; see {@link INTRUSIVE_DIAGNOSIS_REFUSED_STATES}. */
  readonly refuseStates?: readonly ProcessState[];
}

/** What a fence is made of. */
export interface SignalFenceOptions {
  /** `/proc` of the pid namespace that this process lives in (the default). */
  readonly procfs?: Procfs;
  /** Added to {@link PROTECTED_PROGRAMS}; a function is asked again at each signal (the agent's pid may change). */
  readonly deny?: DenyList | (() => DenyList);
  /** {@link DEFAULT_SIGNALS} */
  readonly signals?: readonly SignalName[];
}

/** The only way by which KDR reaches a process. */
export interface SignalFence {
  /** Sends the signal if the process is still the one of the identity and nothing speaks against it. Never throws for what it finds. */
  signal(request: SignalRequest): SignalOutcome;
}

/** Signals that end a process or ask it to print its stacks. The ones that stop it (STOP, TSTP) are left out: nobody would continue it after a crash. */
export const DEFAULT_SIGNALS: readonly SignalName[] = ['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

/**
 * States in which a process cannot answer a diagnosis: stopped, traced, in uninterruptible sleep. The signal would stay pending and take effect at
 * some later time when nobody expects it.
 */
export const INTRUSIVE_DIAGNOSIS_REFUSED_STATES: readonly ProcessState[] = ['T', 't', 'D'];

/**
 * Makes a fence. The order of a signal:
 * refuse what may never be signalled → pidfd_open → read the identity *again* → compare and check everything once more → pidfd_send_signal.
 *
 * Why that is safe: the target started before the pidfd was opened, and if it has its pid after that, it had it in between, so the descriptor is
 * its own. Whatever takes the pid later is out of the descriptor's reach (pidfd_open(2)). All of it runs without yielding to the event loop.
 * There is no fallback to kill(2): on a kernel older than 5.3 everything is refused.
 */
export function createSignalFence(options: SignalFenceOptions = {}): SignalFence {
  const procfs = options.procfs ?? createProcfs();
  return {
    signal: (request) => {
      const check = createCheck(procfs, options, request);
      try {
        const early = check.request() ?? check.process();
        if (early) return early;
        return signalPinned(loadLibc(), request, () => check.process());
      } catch (error) {
        if (error instanceof ProcError) return refused('Unreadable', `${error.message}: what cannot be checked is not signalled`);
        if (error instanceof LibcError) return refused('PidfdUnsupported', error.message);
        throw error;
      }
    },
  };
}

function signalPinned(libc: Libc, { identity, signal }: SignalRequest, recheck: () => SignalOutcome | undefined): SignalOutcome {
  const opened = libc.pidfdOpen(identity.pid);
  if (!opened.ok) return syscallFailure('pidfd_open', opened.errno, identity);
  try {
    const change = recheck();
    if (change) return change;
    const sent = libc.pidfdSendSignal(opened.value, signalNumber(signal) ?? 0);
    return sent.ok ? { outcome: 'Signalled' } : syscallFailure('pidfd_send_signal', sent.errno, identity);
  } finally {
    closeSync(opened.value);
  }
}

/** The two looks of one attempt: at what was asked, and (twice) at the process. */
interface Check {
  request(): SignalOutcome | undefined;
  process(): SignalOutcome | undefined;
}

function createCheck(procfs: Procfs, options: SignalFenceOptions, request: SignalRequest): Check {
  const { identity, signal } = request;
  const configured = typeof options.deny === 'function' ? options.deny() : (options.deny ?? {});
  const pids = [...(configured.pids ?? []), ...(request.deny?.pids ?? [])];
  const programs = [...PROTECTED_PROGRAMS, ...(configured.programs ?? []), ...(request.deny?.programs ?? [])];
  const allowed = (options.signals ?? DEFAULT_SIGNALS).filter((name) => !request.allow || request.allow.includes(name));

  return {
    request: () => {
      const invalid = invalidIdentity(identity);
      if (invalid) return refused('InvalidIdentity', invalid);
      if (!allowed.includes(signal) || signalNumber(signal) === undefined) {
        return refused('SignalNotAllowed', `${String(signal)} is not among the allowed signals (${allowed.join(', ')})`);
      }
      return fromProtection(protectedPid(procfs, identity.pid, pids));
    },
    process: () => {
      const stat = procfs.stat(identity.pid);
      return goneOrReplaced(procfs, identity, stat) ?? (stat && unsuitable(procfs, request, stat, programs));
    },
  };
}

function goneOrReplaced(procfs: Procfs, identity: ProcessIdentity, stat: ProcStat | undefined): SignalOutcome | undefined {
  const gone = (code: TargetGoneCode, why: string): SignalOutcome => ({
    outcome: 'TargetGone',
    code,
    reason: `process ${identity.pid} ${why}`,
  });
  const now = stat && processIdentity(procfs, identity.pid);
  if (!stat || !now) return gone('NoSuchProcess', 'is gone');
  const difference = identityDifference(identity, now);
  if (difference) return gone('Replaced', `is not the target: ${difference}`);
  if (hasExited(stat)) return gone('Exited', 'has exited and waits to be reaped by its parent; no signal reaches it');
  return undefined;
}

function unsuitable(procfs: Procfs, request: SignalRequest, stat: ProcStat, programs: readonly string[]): SignalOutcome | undefined {
  const protection = protectedProgram(procfs, stat, programs);
  if (protection) return fromProtection(protection);
  if (request.refuseStates?.includes(stat.state)) {
    return refused('TargetState', `process ${stat.pid} is in state ${stat.state}: the signal would stay pending and act later`);
  }
  if (!request.requireHandler) return undefined;
  const status = procfs.status(stat.pid);
  if (status && catchesSignal(status, request.signal)) return undefined;
  return refused('NoSignalHandler', `process ${stat.pid} has no handler for ${request.signal}, which could end it`);
}

// PID_MAX_LIMIT, include/linux/threads.h: 4 Mi on 64-bit machines.
const PID_MAX_LIMIT = 4_194_304;

/** Identities come over the wire: what does not look like one is not compared with anything. */
function invalidIdentity(identity: ProcessIdentity): string | undefined {
  if (!Number.isInteger(identity.pid) || identity.pid > PID_MAX_LIMIT) return `pid ${String(identity.pid)} is not a process id`;
  if (!/^\d+$/.test(identity.startTicks)) return 'startTicks is not a decimal number';
  if (identity.bootId === '') return 'bootId is empty';
  return undefined;
}

function refused(code: RefusalCode, reason: string): SignalOutcome {
  return { outcome: 'Refused', code, reason };
}

function fromProtection(protection: { code: RefusalCode; reason: string } | undefined): SignalOutcome | undefined {
  return protection && refused(protection.code, protection.reason);
}

function syscallFailure(call: string, errno: string, identity: ProcessIdentity): SignalOutcome {
  if (errno === 'ESRCH')
    return { outcome: 'TargetGone', code: 'NoSuchProcess', reason: `process ${identity.pid} is gone (${call}: ESRCH)` };
  if (errno === 'EPERM')
    return refused('PermissionDenied', `${call} may not reach process ${identity.pid} (EPERM): it needs the same user, root or CAP_KILL`);
  if (errno === 'ENOSYS')
    return refused(
      'PidfdUnsupported',
      `${call} is not in this kernel (Linux ≥ 5.3 is needed) or a seccomp profile hides it; an unfenced signal is never sent`,
    );
  return refused('SyscallFailed', `${call} failed for process ${identity.pid}: ${errno}`);
}
