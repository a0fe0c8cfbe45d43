import { readFileSync } from 'node:fs';

/**
 * The tables of docs/operating.md on what the database, Redis and the payment provider can say. Each is held by the suite
 * that makes every line of it happen: a line without a case fails there, and so does a case without a line.
 */
const PAGE = new URL('../../docs/operating.md', import.meta.url);

/** The words that a line of the table below `heading` begins with, each with the codes that follow its colon. */
export function saidIn(heading: string): Map<string, string[]> {
  const [, section] = readFileSync(PAGE, 'utf8').split(new RegExp(`^#+ ${heading}$`, 'm'));
  if (section === undefined) throw new Error(`docs/operating.md has no section "${heading}"`);
  const [table] = /^\|[^]*?(?=\n\n|$(?![^]))/m.exec(section) ?? [''];
  const lines = table.trim().split('\n').slice(2);
  return new Map(
    lines.map((line) => {
      const [words, codes = ''] = line
        .split('|')[1]!
        .split(':')
        .map((part) => part.trim());
      return [words!, codes.split(/, (?:SQLSTATE )?/).flatMap(range)];
    }),
  );
}

/** `1158–1161` is four numbers. */
function range(text: string): string[] {
  const [from, to = from] = text.split('–');
  if (text === '' || from === to) return text === '' ? [] : [text];
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => String(Number(from) + index));
}
