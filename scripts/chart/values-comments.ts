/** One value of a chart: its dotted path, the default as written, what its comment says. */
export interface ChartValue {
  path: string[];
  preset: string;
  description: string;
}

const LINE = /^( *)([A-Za-z][\w-]*):(?: (.+))?$/;

/**
 * The values of a values.yaml whose every leaf stands on one line below its comment; a key without a value on its line is a section.
 * @throws Error for a line that is none of these, or a leaf without comment: a mistake in the chart, found when it is generated.
 */
export function chartValues(text: string): ChartValue[] {
  const values: ChartValue[] = [];
  const path: string[] = [];
  let comment: string[] = [];
  for (const line of text.split('\n')) {
    if (/^\s*#/.test(line)) {
      comment.push(line.replace(/^\s*# ?/, ''));
      continue;
    }
    if (line !== '') {
      const [, indent = '', key = '', preset] = LINE.exec(line) ?? [];
      if (key === '') throw new Error(`values.yaml: no \`key: value\` on one line: ${line}`);
      path.splice(indent.length / 2, Infinity, key);
      if (preset !== undefined) {
        if (comment.length === 0) throw new Error(`values.yaml: ${path.join('.')} has no comment`);
        values.push({ path: [...path], preset, description: comment.join(' ') });
      }
    }
    comment = [];
  }
  return values;
}

/** The values as a table for a README. */
export function valuesTable(values: readonly ChartValue[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = values.map(({ path, preset, description }) => `| \`${path.join('.')}\` | ${cell(description)} | \`${cell(preset)}\` |`);
  return ['| value | what it says | default |', '| --- | --- | --- |', ...rows].join('\n');
}
