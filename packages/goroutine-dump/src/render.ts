import type { Argument, Goroutine, GoroutineDump } from './model.ts';
import { beginMarker, endMarker } from './line.ts';

/** Writes goroutines as the Go runtime does (`+0x…` offsets, which are not kept, are left out). */
export function renderGoroutines(goroutines: readonly Goroutine[]): string {
  return goroutines.map(renderGoroutine).join('\n');
}

/** Writes a dump with what introduces it: BEGIN and END markers, a panic or signal line. */
export function renderGoroutineDump(dump: Pick<GoroutineDump, 'origin' | 'reason' | 'goroutines'>): string {
  const body = renderGoroutines(dump.goroutines);
  if (dump.origin === 'marker') return `${beginMarker}\n${body}\n${endMarker}\n`;
  return dump.reason === undefined ? body : `${dump.reason}\n\n${body}`;
}

function renderGoroutine(goroutine: Goroutine): string {
  const qualifiers = [
    goroutine.state,
    ...(goroutine.minutes === undefined ? [] : [`${goroutine.minutes} minutes`]),
    ...(goroutine.lockedToThread ? ['locked to thread'] : []),
  ];
  const lines = [`goroutine ${goroutine.id} [${qualifiers.join(', ')}]:`];
  for (const frame of goroutine.frames) lines.push(`${frame.function}(${renderArguments(frame.args)})`, ...renderPlace(frame));
  if (goroutine.elided) lines.push('...additional frames elided...');
  const made = goroutine.createdBy;
  if (made)
    lines.push(`created by ${made.function}${made.goroutine === undefined ? '' : ` in goroutine ${made.goroutine}`}`, ...renderPlace(made));
  return `${lines.join('\n')}\n`;
}

function renderPlace(place: { file?: string; line?: number }): string[] {
  return place.file === undefined ? [] : [`\t${place.file}:${place.line ?? 0}`];
}

function renderArguments(args: readonly Argument[]): string {
  return args.map((argument) => (typeof argument === 'string' ? argument : `{${renderArguments(argument)}}`)).join(', ');
}
