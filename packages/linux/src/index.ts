// procfs
export { createProcfs, type CommandLine, type Executable, type OpenFiles, type Procfs, type ThreadInfo } from './procfs.ts';
export { hasExited, isKernelThread, parseProcStat, type ProcessState, type ProcStat } from './proc-stat.ts';
export { catchesSignal, parseProcStatus, type ProcessIds, type ProcStatus } from './proc-status.ts';
export { CLOCK_TICKS_PER_SECOND, cpuSeconds, processAgeSeconds } from './clock-ticks.ts';
export { ProcError, type ProcErrorCode } from './proc-error.ts';
export { processTree, type ProcessTree } from './process-tree.ts';

// cgroups and pressure
export { parseCgroupMemberships, type CgroupMembership } from './cgroup-membership.ts';
export { containerOfPath, findCgroupContainer, type CgroupContainer, type ContainerRuntime } from './cgroup-container.ts';
export { cgroupDirectory, parseCgroupMounts, readCgroupMounts, type CgroupMount } from './cgroup-mount.ts';
export {
  parsePressure,
  readCgroupPressure,
  readMachinePressure,
  stallPercent,
  type Pressure,
  type PressureLine,
  type PressureResource,
  type PressureSample,
} from './pressure.ts';

// identity and what may be done to a process
export { identityDifference, processIdentity, sameProcess, type ProcessIdentity } from './process-identity.ts';
export {
  createSignalFence,
  DEFAULT_SIGNALS,
  INTRUSIVE_DIAGNOSIS_REFUSED_STATES,
  type RefusalCode,
  type SignalFence,
  type SignalFenceOptions,
  type SignalOutcome,
  type SignalRequest,
  type TargetGoneCode,
} from './signal-fence.ts';
export { PROTECTED_PROGRAMS, type DenyList, type Protection, type ProtectionCode } from './protected-process.ts';
export { signalNumber, type SignalName } from './signal-name.ts';
export { observeExit, waitForExit, type ExitObservation } from './process-exit.ts';
export { LibcError } from './libc.ts';
export { fileLock, FileLockError, fileLockHolder, type FileLock } from './file-lock.ts';
