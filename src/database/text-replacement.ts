import { escape } from 'mysql2';

/** A part of a text, and what is to stand in its place. */
export type Replacement = readonly [from: string, to: string];

/** SQL of a text in which parts are replaced, one after the other, compared exactly where its column does. */
export function replacedIn(column: string, replacements: readonly Replacement[]): string {
  return replacements.reduce((sql, [from, to]) => `REPLACE(${sql},${escape(from)},${escape(to)})`, column);
}
