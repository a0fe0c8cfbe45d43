/** A line of a CSV file: its cells, and where it begins. */
export interface CsvLine {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Reads CSV as RFC 4180 has it: cells in quotes may hold separators, quotes (doubled) and line ends. Spreadsheets of some
 * countries separate by semicolons, which the first line tells. Empty lines are left out.
 *
 * @throws Error that says in which line a quote is open
 */
export function readCsv(text: string): CsvLine[] {
  const content = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  const [head = ''] = content.split('\n', 1);
  const separator = head.includes(';') && !head.includes(',') ? ';' : ',';
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${separator}\\n][^${separator}\\n]*)?)(${separator}|\\n|$)`, 'y');
  const lines: CsvLine[] = [];
  let line = 1;
  let cells: string[] = [];
  let beginsAt = line;
  while (cell.lastIndex < content.length || cells.length > 0) {
    const found = cell.exec(content);
    if (found === null) throw new Error(`line ${line}: a quote is not where one may be, or is not closed`);
    const [whole, quoted, plain = '', end] = found;
    cells.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    line += whole.split('\n').length - 1;
    if (end === separator) continue;
    if (cells.some((one) => one !== '')) lines.push({ line: beginsAt, cells });
    cells = [];
    beginsAt = line;
    if (end === '') break;
  }
  return lines;
}
