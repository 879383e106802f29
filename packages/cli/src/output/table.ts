/** Columns aligned by spaces, as kubectl prints them: three spaces between, none at the end. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], options: { header?: boolean } = {}): string {
  const all = options.header === false ? rows : [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
