import { ownFrame, waitedMutex, type Frame, type Goroutine } from '@kdr/goroutine-dump';
import type { Link, Role } from './verdict.ts';

/** `github.com/containerd/go-runc.(*Runc).Exec` → `go-runc.(*Runc).Exec`. */
export function shortName(frame: Frame): string {
  return frame.function.slice(frame.function.lastIndexOf('/', bracketOf(frame.function)) + 1);
}

function bracketOf(name: string): number {
  const bracket = name.indexOf('[');
  return bracket === -1 ? name.length : bracket;
}

/** `reaper_unix.go:44`; empty when the line of the file was lost. */
export function place(frame: Frame): string {
  return frame.file === undefined ? '' : `${frame.file.slice(frame.file.lastIndexOf('/') + 1)}:${frame.line}`;
}

/** A goroutine as a link of the cycle, shown by the innermost frame that is its own. */
export function toLink(goroutine: Goroutine, role: Role, waitsFor: string, holds?: string): Link {
  const frame = ownFrame(goroutine);
  const address = waitedMutex(goroutine);
  return {
    goroutine: goroutine.id,
    role,
    state: goroutine.state,
    ...(goroutine.minutes === undefined ? {} : { minutes: goroutine.minutes }),
    frame: frame ? shortName(frame) : '',
    place: frame ? place(frame) : '',
    waitsFor,
    ...(holds === undefined ? {} : { holds }),
    ...(address === undefined ? {} : { address }),
  };
}
