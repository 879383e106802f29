import type { Argument, Frame, Goroutine } from './model.ts';

/** Goroutines that stand at the same place in the same state. */
export interface StackGroup {
  state: string;
  /** Function names, innermost first. */
  stack: string[];
  goroutines: Goroutine[];
}

/** Groups goroutines by state and function names (addresses and lines apart), largest group first. */
export function groupByStack(goroutines: readonly Goroutine[]): StackGroup[] {
  const groups = new Map<string, StackGroup>();
  for (const goroutine of goroutines) {
    const stack = goroutine.frames.map((frame) => frame.function);
    const key = `${goroutine.state}\n${stack.join('\n')}`;
    const group = groups.get(key);
    if (group) group.goroutines.push(goroutine);
    else groups.set(key, { state: goroutine.state, stack, goroutines: [goroutine] });
  }
  return [...groups.values()].sort((a, b) => b.goroutines.length - a.goroutines.length);
}

const address = /^0x[0-9a-f]+$/;

/** An argument as an address. Undefined for `0x…?`, which may be a value left over from before, for `_`, `...` and lists. */
export function addressOf(argument: Argument | undefined): string | undefined {
  return typeof argument === 'string' && argument !== '0x0' && address.test(argument) ? argument : undefined;
}

/** The object a method with a pointer receiver was called on: its first argument. */
export function receiverAddress(frame: Frame): string | undefined {
  return frame.receiver !== undefined && frame.function.includes('(*') ? addressOf(frame.args[0]) : undefined;
}

const machinery = /^(?:runtime|sync|internal\/sync|internal\/runtime\/.*|runtime\/internal\/.*|sync\/atomic)$/;

/** The innermost frame that is not part of the runtime or of package sync: what the program itself was doing. */
export function ownFrame(goroutine: Goroutine): Frame | undefined {
  return goroutine.frames.find((frame) => !machinery.test(frame.package));
}

/**
 * The mutex for which a goroutine waits inside `sync.(*Mutex).Lock`. Looks at `Lock` and, where the compiler inlined it, at
 * `lockSlow`. Undefined when it does not wait for a mutex or the address cannot be trusted.
 * States: `semacquire` before Go 1.20, `sync.Mutex.Lock` since.
 */
export function waitedMutex(goroutine: Goroutine): string | undefined {
  if (goroutine.state !== 'sync.Mutex.Lock' && goroutine.state !== 'semacquire') return undefined;
  for (const frame of goroutine.frames) {
    if (!machinery.test(frame.package)) return undefined;
    if (frame.receiver !== 'Mutex' || (frame.method !== 'lockSlow' && frame.method !== 'Lock')) continue;
    const found = receiverAddress(frame);
    if (found !== undefined) return found;
  }
  return undefined;
}
