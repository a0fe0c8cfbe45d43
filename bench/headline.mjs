// What the README says of a run: its first row in absolute figures, and where all the others are.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../scripts/checkout.mjs';
import { number, table } from './tables.mjs';

const README = join(root, 'README.md');
const [BEGIN, END] = ['<!-- bench:begin -->', '<!-- bench:end -->'];
const WHAT = {
  service: 'a hold each, on disk before its answer',
  naive: 'the same with a transaction for each hold',
  echo: 'a bare echo: fixed bytes, no work at all',
};

function lines({ contestants }) {
  const rateOf = (wanted) => contestants.find(({ name }) => name === wanted).perSecond.median;
  return Object.entries(WHAT).map(([name, what]) => {
    const { p50Ms, p99Ms, isGeneratorBound } = contestants.find((contestant) => contestant.name === name);
    const ratio = name === 'service' ? '' : number(rateOf('service') / rateOf(name));
    const limit = isGeneratorBound ? ' (the load generator was at its limit)' : '';
    return [what + limit, number(rateOf(name)), `${number(p50Ms)} ms`, `${number(p99Ms)} ms`, ratio];
  });
}

/**
 * What stands between the README's marks.
 * @param {any} run  what `describeRun` tells
 * @param {any[]} results  of the rows
 * @param {string} file  the page with all of them
 */
export function headline({ date, commit, machine, versions }, results, file) {
  const figures = results.flatMap((row) => row.figures).filter(({ isShownOnly }) => !isShownOnly);
  const reached = figures.filter(({ isReached }) => isReached).length;
  return [
    table(['256 connections want one product', 'a second', 'p50', 'p99', 'holds ÷ this'], lines(results[0])),
    `Service, database, Redis and load generator shared ${machine.cores} cores (${machine.cpu}, ${machine.memoryGib} GiB):\n` +
      `${date}, commit ${commit}, Node ${versions.node}, ${versions.database}.`,
    `This is one row of [${file}](${file}).\n` +
      `Of the ${figures.length} figures there that have a goal, ${reached} reach it, and the page names those that miss.`,
  ].join('\n\n');
}

/** Replaces what is between the marks of the README, and nothing else. */
export function publish(run, results, file) {
  const text = readFileSync(README, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md has no ${BEGIN} … ${END} to write between`);
  const block = `${BEGIN}\n\n${headline(run, results, file)}\n\n${END}`;
  writeFileSync(README, text.slice(0, begin) + block + text.slice(end + END.length));
}
