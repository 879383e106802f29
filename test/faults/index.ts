export { FaultError, type FaultErrorCode } from './fault-error.ts';
export { type OnProgress } from './progress.ts';
export { ensureRuntime, missingPackages, type MissingPackage } from './runtime-packages.ts';
export { buildShim, type ShimApi, type ShimBuild, type ShimVersion } from './shim-build.ts';
export { startContainerd, type Containerd, type StartContainerd } from './containerd.ts';
export { cleanUp, cleanUpAbandoned } from './clean-up.ts';
export {
  endInit,
  removeContainer,
  startShimContainer,
  stopShim,
  type EndedInit,
  type ShimContainer,
  type StartShimContainer,
  type StoppedShim,
} from './shim-container.ts';
export { burstOfExecs, execLoops, type ExecLoops, type Execs } from './execs.ts';
export { deadlockShim, type DeadlockShim, type DeadlockedShim } from './deadlock.ts';
export { dumpOf, showsDeadlock } from './dump-proof.ts';
export { fixedShimUnderBurst, type FixedShimUnderBurst } from './fixed-burst.ts';
export { shimWithoutHandler, type Handlerless, type HandlerlessShim } from './handlerless-shim.ts';
export { startNonReapingParent, type NonReapingKind, type NonReapingParent, type StartNonReapingParent } from './non-reaping-parent.ts';
export { reusePid, type ReusedPid } from './pid-reuse.ts';
export { countSignals, type CountedSignal, type CountSignals, type SignalCount } from './signal-count.ts';
