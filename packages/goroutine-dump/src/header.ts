import type { Goroutine } from './model.ts';

type Header = Pick<Goroutine, 'id' | 'state' | 'minutes' | 'lockedToThread'>;

// runtime/traceback.go goroutineheader: "goroutine N[ gp=.. m=.. mp=..] [state[, N minutes][, locked to thread][, synctest bubble N][ labels:{..}]]:".
// \s* and not \s+ before the bracket: journald strips blanks where it cuts a long line.
const start = /^goroutine\s*(\d{1,19})\s*((?:gp|m|mp)=[^[]{0,80})?\[/;

/** Reads `goroutine 7 [chan send, 3 minutes, locked to thread]:`; undefined for any other line. */
export function parseHeader(line: string): Header | undefined {
  if (!line.startsWith('goroutine')) return undefined;
  const match = start.exec(line);
  if (!match) return undefined;
  const end = line.endsWith(']:') ? line.length - 2 : line.endsWith(']') ? line.length - 1 : -1;
  if (end < match[0].length) return undefined;
  const { words, minutes, lockedToThread } = dropQualifiers(withoutLabels(line.slice(match[0].length, end)).split(', '));
  return { id: Number(match[1]), state: words.join(', '), ...(minutes === undefined ? {} : { minutes }), lockedToThread };
}

function withoutLabels(inside: string): string {
  const labels = inside.indexOf(' labels:{');
  return labels === -1 ? inside : inside.slice(0, labels);
}

/** Qualifiers stand at the end; what is left is the state, whatever commas and parentheses it has. */
function dropQualifiers(words: string[]): { words: string[]; minutes?: number; lockedToThread: boolean } {
  let minutes: number | undefined;
  let lockedToThread = false;
  while (words.length > 1) {
    const last = words.at(-1) ?? '';
    const waited = /^(\d{1,15}) minutes?$/.exec(last);
    if (waited) minutes = Number(waited[1]);
    else if (last === 'locked to thread') lockedToThread = true;
    else if (!/^synctest bubble \d+$/.test(last)) break;
    words.pop();
  }
  return { words, minutes, lockedToThread };
}
