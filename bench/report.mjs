// The tables of a run: on standard output and in bench/results/.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { root } from '../scripts/checkout.mjs';
import { number, table } from './tables.mjs';

const RESULTS = join(root, 'bench/results');
/** Results of some rows only; not kept. */
const PARTIAL = join(root, 'bench/tmp');
const NOTES = join(root, 'bench/notes');
const OTHER_WORK =
  'The last column is the part of all cores that neither the processes of the row nor idling used: what the ' +
  'machine did for others or for its own network and disk. Ratios of rows with much of it are to be taken with care.';

function figureCells({ title, reach, figure, unit, pairs, isReached, missedBy, isShownOnly, isGeneratorBound }) {
  const range = pairs ? `${number(pairs.median)} (${number(pairs.min)}–${number(pairs.max)}, ${pairs.count})` : '–';
  const verdict = isShownOnly ? '–' : isReached ? 'yes' : `no, by ${number(missedBy)}${unit}`;
  const counted = isGeneratorBound ? 'does not count: the generator was the bottleneck' : verdict;
  return [title, reach, `${number(figure)}${unit}`, range, counted];
}

export function figuresTable(results) {
  const header = ['row', 'reach', 'figure', 'pairs: median (min–max, count)', 'reached'];
  return table(
    header,
    results.flatMap(({ figures }) => figures.map(figureCells)),
  );
}

function contestantCells(row, contestant) {
  const { name, perSecond, p50Ms, p99Ms, maxMs, errors, cpuMicros, othersShare, isGeneratorBound } = contestant;
  return [
    row,
    name + (isGeneratorBound ? ' (generator at its limit)' : ''),
    `${number(perSecond.median)} (${number(perSecond.min)}–${number(perSecond.max)})`,
    ...[p50Ms, p99Ms, maxMs].map(number),
    String(errors),
    ...[cpuMicros.server, cpuMicros.database, cpuMicros.redis, cpuMicros.generator].map(number),
    Number.isFinite(othersShare) ? `${(othersShare * 100).toFixed(0)} %` : '–',
  ];
}

export function detailsTable(results) {
  const header = ['row', 'measured', 'a second: median (min–max)', 'p50 ms', 'p99 ms', 'max ms', 'errors'];
  const cpu = ['CPU-µs a request: server', 'database', 'Redis', 'generator', 'machine busy with other work'];
  const cells = results.flatMap(({ name, contestants }) => contestants.map((one) => contestantCells(name, one)));
  return table([...header, ...cpu], cells);
}

function runLines({ date, commit, machine, versions, settings }) {
  const pairs = (record) =>
    Object.entries(record)
      .map(([name, value]) => `${name}=${value}`)
      .join(', ');
  return [
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB; ${machine.system}`,
    `- Versions: Node ${versions.node}, ${versions.database}, Redis ${versions.redis}, wrk ${versions.wrk}, ` +
      `Fastify ${versions.fastify}, Nest ${versions.nest}, mysql2 ${versions.mysql2}`,
    `- Service: \`${settings.start}\`; ${pairs(settings.service)}`,
    `- Database: ${pairs(settings.database)}`,
    `- Timing: ${pairs(settings.timing)}; 256 connections unless the row says otherwise`,
    `- Commit ${commit}, ${date}`,
  ].join('\n');
}

function noteOf(name) {
  const file = join(NOTES, `${name}.md`);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

/** A row that misses says where the time goes, and what was tried if somebody wrote it down. */
function missSection({ name, figures, profile }) {
  if (figures.every(({ isReached }) => isReached)) return '';
  const missed = figures.filter(({ isReached }) => !isReached).map(({ title }) => title);
  return [`## Missed: ${missed.join('; ')}`, profile ?? '', noteOf(name)].filter(Boolean).join('\n\n');
}

export function toMarkdown(run, results, stockNote) {
  return [
    '# Benchmark',
    runLines(run),
    figuresTable(results),
    stockNote,
    '## What was measured',
    detailsTable(results),
    OTHER_WORK,
    ...results.map(missSection).filter(Boolean),
  ].join('\n\n');
}

/** Writes the results beside each other: one to read, one to compute with. */
export function writeResults(run, results, stockNote, isWhole) {
  const dir = isWhole ? RESULTS : PARTIAL;
  mkdirSync(dir, { recursive: true });
  const name = `${run.date.slice(0, 10)}-${run.commit}`;
  writeFileSync(join(dir, `${name}.md`), toMarkdown(run, results, stockNote) + '\n');
  writeFileSync(join(dir, `${name}.json`), JSON.stringify({ run, results }, null, 2) + '\n');
  return relative(root, join(dir, `${name}.md`));
}
