// Where the time of a row goes: the CPU profile of a process while it is under that row's load, summed up by
// package and by function.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { measure } from './turns.mjs';

const WARM_UP_SECONDS = 2;
const SECONDS = 4;
const FUNCTIONS_SHOWN = 25;

/** Microseconds of the clock that V8 stamps its samples with. */
const nowMicros = () => Number(process.hrtime.bigint() / 1000n);

/**
 * Runs the row's service and echo once more, under V8's sampling profiler.
 * @returns {Promise<string>} Markdown
 */
export async function profileRow(stand, row) {
  await stand.prepare();
  stand.isProfiling = true;
  try {
    const contestants = await row.setUp(stand);
    const sections = [];
    for (const name of ['service', 'echo']) {
      const contestant = contestants.find((one) => one.name === name);
      if (contestant) sections.push(await profileOne(stand, contestant));
    }
    return ["Where the time goes, by V8's sampling profiler in a run of its own:", ...sections].join('\n\n');
  } finally {
    stand.isProfiling = false;
    await stand.reset();
  }
}

async function profileOne(stand, contestant) {
  await measure(stand, contestant, WARM_UP_SECONDS);
  const from = nowMicros();
  const run = await measure(stand, contestant, SECONDS);
  const to = nowMicros();
  // The profile is written when the process ends.
  await contestant.server.end();
  const file = join(stand.profileDir, `${contestant.server.name}.cpuprofile`);
  const self = selfTimes(JSON.parse(readFileSync(file, 'utf8')), from, to);
  return describe(contestant.name, self, run.requests);
}

/** Self time of each node of the profile within a window, in microseconds. */
function selfTimes({ nodes, startTime, samples, timeDeltas }, from, to) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const micros = new Map();
  let now = startTime;
  for (const [index, id] of samples.entries()) {
    now += timeDeltas[index];
    if (now < from || now > to) continue;
    const frame = frames.get(id);
    micros.set(frame, (micros.get(frame) ?? 0) + (timeDeltas[index + 1] ?? 0));
  }
  return [...micros].map(([frame, time]) => ({ frame, time }));
}

function placeOf({ url, functionName }) {
  if (url === '') return functionName;
  const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url);
  if (inPackage) return inPackage[1];
  if (url.startsWith('node:')) return url.replace(/^(node:(?:internal\/)?[^/]+).*/, '$1');
  return /dist\/(src\/[^/]+)/.exec(url)?.[1] ?? /bench\/[^/]+$/.exec(url)?.[0] ?? url.slice(url.lastIndexOf('/') + 1);
}

function sumBy(self, keyOf) {
  const sums = new Map();
  for (const { frame, time } of self) sums.set(keyOf(frame), (sums.get(keyOf(frame)) ?? 0) + time);
  return [...sums].sort(([, a], [, b]) => b - a);
}

function describe(name, self, requests) {
  const rows = (sums) => sums.map(([key, time]) => `| ${key} | ${(time / requests).toFixed(2)} |`);
  const byFunction = sumBy(self, (frame) => `${placeOf(frame)} · \`${frame.functionName || '(anonymous)'}\``);
  return [
    `### ${name}: µs a request by place`,
    [
      '| place | µs |',
      '| --- | --- |',
      ...rows(sumBy(self, placeOf).filter(([, time]) => time / requests >= 0.05)),
    ].join('\n'),
    `### ${name}: µs a request by function`,
    ['| function | µs |', '| --- | --- |', ...rows(byFunction.slice(0, FUNCTIONS_SHOWN))].join('\n'),
  ].join('\n\n');
}
