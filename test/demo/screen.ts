import { stripVTControlCharacters, styleText } from 'node:util';

/** Where the demo writes for a person: lines of a terminal's width, each step with the time since the start. */
export interface Screen {
  /** One step. Further lines of it stand below its first. */
  step(text: string): void;
  /** Text as it is, wrapped only. */
  plain(text: string): void;
}

type Colour = 'bold' | 'green' | 'red';

/** Colours a word where a terminal shows it (not into a pipe or a file, and not with NO_COLOR). */
export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(colour, text, { stream });
}

/** Breaks lines at spaces. What follows in the next line stands under the text of the first, two further in. */
export function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, width))
    .join('\n');
}

function wrapLine(line: string, columns: number): string {
  // Colours take no room.
  const width = columns + line.length - stripVTControlCharacters(line).length;
  const indent = ' '.repeat((/^ */.exec(line)?.[0].length ?? 0) + 2);
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    // A word that is longer than a line stays whole.
    const at = space > indent.length ? space : rest.indexOf(' ', width);
    if (at < 0) break;
    lines.push(rest.slice(0, at));
    rest = indent + rest.slice(at + 1).trimStart();
  }
  return [...lines, rest].join('\n');
}

/** Writes to a stream; 100 columns where that does not say how many it has. */
export function createScreen(stream: NodeJS.WriteStream, now: () => number): Screen {
  const begun = now();
  const width = Math.min(stream.columns ?? 100, 120);
  const margin = ' '.repeat(9);
  return {
    step: (text) => {
      const time = `${((now() - begun) / 1000).toFixed(1).padStart(5)} s  `;
      stream.write(`${time}${wrap(text, width - margin.length).replaceAll('\n', `\n${margin}`)}\n`);
    },
    plain: (text) => void stream.write(`${wrap(text, width)}\n`),
  };
}
