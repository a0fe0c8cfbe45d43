/** One line to the person who ran the command. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Rows under their headings, columns aligned. */
export function printTable(rows: readonly Readonly<Record<string, string | number | boolean | null>>[]): void {
  const headings = Object.keys(rows[0] ?? {});
  const cells = [headings, ...rows.map((row) => headings.map((heading) => String(row[heading] ?? '-')))];
  const widths = headings.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  for (const line of cells)
    print(
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    );
}
