// The benchmark: measures rows in turns with an echo and a naive baseline, recounts the stock after each, and
// prints one table. See rows.mjs for the rows.

import { parseArgs } from 'node:util';

import { findBinary } from '../scripts/servers/binaries.mjs';
import { Shutdown } from '../scripts/shutdown.mjs';
import { publish } from './headline.mjs';
import { describeRun } from './machine.mjs';
import { profileRow } from './profile.mjs';
import { detailsTable, figuresTable, writeResults } from './report.mjs';
import { rows } from './rows.mjs';
import { Stand } from './stand.mjs';
import { inTurns, summarize } from './turns.mjs';

const USAGE = `Usage: npm run bench [-- options]

  --quick              the first three rows, in about a minute
  --rows hot,soldout   only these rows: ${rows.map(({ name }) => name).join(', ')}
  --publish            write the first row into README.md; of whole runs only
  --profile            a CPU profile of every row, not only of those that miss
  --rounds 5           pairs a row
  --seconds 2          length of a measurement`;

const TIMING = { rounds: 5, seconds: 2, warmUpSeconds: 2 };
const QUICK_TIMING = { rounds: 5, seconds: 1, warmUpSeconds: 1 };

function parseOptions() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        rows: { type: 'string' },
        publish: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function chosenRows({ quick, rows: names }) {
  if (names === undefined) return quick ? rows.filter(({ isQuick }) => isQuick) : rows;
  const wanted = names.split(',');
  const unknown = wanted.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length === 0) return rows.filter(({ name }) => wanted.includes(name));
  console.error(`There is no row ${unknown.join(', ')}\n\n${USAGE}`);
  process.exit(2);
}

function timingOf({ quick, rounds, seconds }) {
  const timing = quick ? QUICK_TIMING : TIMING;
  return {
    ...timing,
    ...(rounds && { rounds: Number(rounds) }),
    ...(seconds && { seconds: Number(seconds) }),
  };
}

const startedAt = Date.now();
const say = (line) => console.error(`${((Date.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${line}`);

async function measureRow(stand, row, timing) {
  await stand.prepare();
  const turns = async () => {
    const runs = await inTurns(stand, await row.setUp(stand), timing);
    return { runs, figures: row.figures(runs) };
  };
  const { runs, figures } = row.run ? await row.run(stand, timing) : await turns();
  await stand.check({ countsHolds: row.countsHolds });
  const printed = stand.outputOf('service').trim();
  if (printed !== '') say(`The service printed: ${printed.slice(0, 500)}`);
  const contestants = Object.entries(runs).map(([name, ofOne]) => summarize(name, ofOne));
  const isGeneratorBound = contestants.find(({ name }) => name === 'service')?.isGeneratorBound ?? false;
  await stand.reset();
  return { name: row.name, figures: figures.map((figure) => ({ ...figure, isGeneratorBound })), contestants, runs };
}

function sayFigures({ figures }) {
  for (const { title, reach, figure, unit, isReached, isShownOnly } of figures) {
    say(
      `${isShownOnly ? 'shown  ' : isReached ? 'reached' : 'MISSED '}  ${figure.toFixed(3)}${unit} (${reach})  ${title}`,
    );
  }
}

async function main(options) {
  const timing = timingOf(options);
  const stand = new Stand({ wrk: findBinary(['wrk']) });
  await stand.open();
  const run = await describeRun(stand, timing);
  const results = [];
  for (const row of chosenRows(options)) {
    say(`Row ${row.name}`);
    const result = await measureRow(stand, row, timing);
    sayFigures(result);
    const hasMissed = result.figures.some(({ isReached }) => !isReached);
    const isProfiled = row.setUp !== undefined && (options.profile || (hasMissed && !options.quick));
    results.push({ ...result, ...(isProfiled && { profile: await profileRow(stand, row) }) });
  }
  await stand.close();
  const stockNote =
    'After each row the stock was recounted from the tables: held, sold and total were right every time.';
  console.log(`\n${figuresTable(results)}\n\n${stockNote}\n\n${detailsTable(results)}\n`);
  const isWhole = results.length === rows.length;
  const file = writeResults(run, results, stockNote, isWhole);
  say(`Written to ${file}`);
  if (options.publish && isWhole) publish(run, results, file);
}

const options = parseOptions();
const shutdown = new Shutdown({ log: say });
shutdown.onSignal = (signal) => shutdown.request(`Stopping (${signal})`, 130);
shutdown.listen();
main(options).then(
  () => shutdown.request('', 0),
  (error) => shutdown.fail(error),
);
