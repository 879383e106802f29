import { addressOf, ownFrame, receiverAddress, waitedMutex, type Frame, type Goroutine } from '@kdr/goroutine-dump';

// Read in containerd v1.0.3, v1.1.2, v1.1.8, v1.2.0, v1.2.7 (affected) and v1.2.10 (fixed).

/** The reaper that sends while it holds its lock: reaper/reaper.go (1.0, 1.1), runtime/v{1,2}/shim/reaper*.go (1.2.0-1.2.7). */
const affectedReaper = /(?:^|\/)containerd\/containerd\/(?:reaper|runtime\/v1\/shim|runtime\/v2\/shim)$/;
/** Its replacement since 1.2.8, which does not block (`notify`), moved to pkg/sys/reaper in 2.0. Not `sys.Reap`, the waitpid loop of all versions. */
const fixedReaper = /(?:^|\/)containerd\/containerd(?:\/v2)?\/(?:pkg\/)?sys\/reaper$/;
const shimService = /(?:^|\/)containerd\/containerd\/(?:linux\/shim|runtime\/v1\/shim|runtime\/v2\/runc)$/;
const shimProcess = /(?:^|\/)containerd\/containerd\/(?:linux\/proc|runtime\/v1\/linux\/proc)$/;
const goRunc = /(?:^|\/)containerd\/go-runc$/;
const anyShim =
  /(?:^|\/)containerd\/containerd(?:\/v2)?\/(?:reaper|linux\/(?:shim|proc)|runtime\/v1\/(?:shim|linux\/proc)|runtime\/v2\/(?:shim|runc)|pkg\/(?:shim|process)|cmd\/containerd-shim-[\w-]+)(?:\/|$)/;

export function isReap(frame: Frame | undefined): boolean {
  return frame !== undefined && frame.receiver === undefined && frame.method === 'Reap' && affectedReaper.test(frame.package);
}

export function isMonitor(frame: Frame | undefined, method: 'Wait' | 'Start' | 'Subscribe' | 'Unsubscribe'): boolean {
  return frame !== undefined && frame.receiver === 'Monitor' && frame.method === method && affectedReaper.test(frame.package);
}

export function isFixedReaper(frame: Frame): boolean {
  return fixedReaper.test(frame.package);
}

export function isProcessExits(frame: Frame | undefined): boolean {
  return (
    frame !== undefined && frame.method === 'processExits' && /^service$/i.test(frame.receiver ?? '') && shimService.test(frame.package)
  );
}

/** The loop that gets SIGCHLD: `handleSignals`, since 1.4 `reap`. */
export function isSignalLoop(frame: Frame | undefined): boolean {
  if (frame === undefined || frame.receiver !== undefined || (frame.method !== 'handleSignals' && frame.method !== 'reap')) return false;
  return isShimFrame(frame) || frame.package === 'main';
}

/** Code that only shims run. The daemon's side of the shim (runtime/v2 itself, client packages) does not count. */
export function isShimFrame(frame: Frame): boolean {
  if (anyShim.test(frame.package) && !/\/(?:client|shim\/v1)$/.test(frame.package)) return true;
  return fixedReaper.test(frame.package) || /\/cmd\/containerd-shim[\w-]*\/main/.test(frame.file ?? '');
}

/** Stands in Unsubscribe or Subscribe and waits for the lock of the Monitor itself: the Mutex is its first field, so the addresses are one. */
export function waitsForMonitor(goroutine: Goroutine, method: 'Subscribe' | 'Unsubscribe'): boolean {
  const own = ownFrame(goroutine);
  const lock = waitedMutex(goroutine);
  return isMonitor(own, method) && own !== undefined && lock !== undefined && receiverAddress(own) === lock;
}

/** Stands in Wait and its channel is empty: a sender never blocks on a channel with a waiting receiver. */
export function waitsForExit(goroutine: Goroutine): boolean {
  return goroutine.state === 'chan receive' && isMonitor(ownFrame(goroutine), 'Wait');
}

/**
 * True when the goroutine has, or may have, a subscription that it will still drain by itself: it stands between Subscribe and Wait,
 * or in Wait but not waiting. While there is one, the full channel may be its, and the reaper would get on.
 * One that has left the loop of Wait never drains again, so it does not count.
 */
export function mayStillDrain(goroutine: Goroutine): boolean {
  if (goroutine.frames.some((frame) => isMonitor(frame, 'Wait'))) return isMonitor(ownFrame(goroutine), 'Wait') && !waitsForExit(goroutine);
  const own = ownFrame(goroutine);
  if (isMonitor(own, 'Subscribe') || isMonitor(own, 'Unsubscribe')) return false;
  return goroutine.frames.some((frame) => isMonitor(frame, 'Start') || isSubscribing(frame));
}

/** Functions that call Monitor.Start and later Monitor.Wait: those of go-runc, and the shim's `containerd publish`. */
function isSubscribing(frame: Frame): boolean {
  if (goRunc.test(frame.package)) return frame.receiver === 'Runc' || frame.method === 'cmdOutput' || frame.method === 'runOrError';
  return frame.receiver === 'remoteEventsPublisher' && frame.method === 'Publish';
}

/** Offset of `mu` in Init and execProcess, behind a WaitGroup and an interface: 64 and 32 bit. */
const processMutexOffsets = [0x20n, 0x14n];
const initHolders = new Set([
  'Status',
  'start',
  'Start',
  'delete',
  'Delete',
  'pause',
  'Pause',
  'resume',
  'Resume',
  'kill',
  'Kill',
  'checkpoint',
  'Checkpoint',
  'update',
  'Update',
]);
const execHolders = new Set(['start', 'Start']);
/** Methods that kept Service.mu until they returned, before "allProcesses", "getExecProcess" & co. were split off. */
const coarseHolders = new Set([
  'Create',
  'Start',
  'Delete',
  'Exec',
  'Kill',
  'Pause',
  'Resume',
  'ResizePty',
  'State',
  'Update',
  'Checkpoint',
  'CloseIO',
  'getContainerPids',
]);
const coarseOnly = new Set(['checkProcesses', 'Start', 'Kill', 'Pause', 'Resume', 'State', 'Update', 'Checkpoint']);

/** The frame by which a goroutine holds the mutex at `lock`, known from containerd's source; `waiter` is the frame in which another one waits for it. */
export function holdingFrame(goroutine: Goroutine, lock: string, waiter: Frame): Frame | undefined {
  return goroutine.frames.find((frame) => holdsProcess(frame, lock) || holdsService(frame, lock, waiter));
}

function holdsProcess(frame: Frame, lock: string): boolean {
  if (!shimProcess.test(frame.package)) return false;
  const holders = frame.receiver === 'Init' ? initHolders : frame.receiver === 'execProcess' ? execHolders : undefined;
  const object = receiverAddress(frame);
  if (!holders?.has(frame.method) || object === undefined) return false;
  return processMutexOffsets.includes(BigInt(lock) - BigInt(object));
}

function holdsService(frame: Frame, lock: string, waiter: Frame): boolean {
  if (!shimService.test(frame.package) || !/^service$/i.test(frame.receiver ?? '') || receiverAddress(frame) !== lock) return false;
  if (frame.method === 'Create') return true;
  return frame.receiver === 'Service' && waiter.receiver === 'Service' && coarseOnly.has(waiter.method) && coarseHolders.has(frame.method);
}

/** The address of the Monitor, by whoever was called on it. */
export function monitorAddress(goroutines: readonly Goroutine[]): string | undefined {
  for (const goroutine of goroutines) {
    for (const frame of goroutine.frames) {
      const address = frame.receiver === 'Monitor' && affectedReaper.test(frame.package) ? addressOf(frame.args[0]) : undefined;
      if (address !== undefined) return address;
    }
  }
  return undefined;
}
