// Measuring in turns. On a machine that others use too, and whose clock speed wanders, only what was measured
// right after one another can be compared: each round measures every contestant once.

import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { cpuBetween, cpuSnapshot, machineSeconds } from './cpu.mjs';

const QUIET_CAP_MS = 5_000;
const QUIET_SAMPLE_MS = 100;
const QUIET_CPU_SECONDS = 0.02;
// Above this part of one core the generator is as fast as it can be; below it, a server is not at its limit.
const GENERATOR_LIMIT = 0.95;
const SERVER_LIMIT = 0.9;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What a generator left in flight when it ended is still worked on; the next contestant must not pay for it. */
async function waitForQuiet(pids) {
  const deadline = Date.now() + QUIET_CAP_MS;
  for (let before = cpuSnapshot(pids); Date.now() < deadline;) {
    await sleep(QUIET_SAMPLE_MS);
    const now = cpuSnapshot(pids);
    const used = Object.values(cpuBetween(before, now)).reduce(
      (/** @type {number} */ sum, seconds) => sum + (seconds ?? 0),
      0,
    );
    if (used <= QUIET_CPU_SECONDS) return;
    before = now;
  }
}

/** @typedef {{ name?: string, server: any, load: Function, prepare?: Function }} Contestant */

/**
 * Runs a contestant's load once, and tells what it cost each process.
 * @param {import('./stand.mjs').Stand} stand
 * @param {Contestant} contestant
 * @param {number} seconds
 */
export async function measure(stand, { server, load, prepare }, seconds) {
  const pids = { server: server.pid, ...stand.pids };
  const measuredPids = { ...pids, proxy: stand.proxyPid };
  await prepare?.();
  const before = { cpu: cpuSnapshot(measuredPids), machine: machineSeconds(), at: performance.now() };
  const result = await load(stand, server, seconds);
  const used = cpuBetween(before.cpu, cpuSnapshot(measuredPids));
  const capacity = ((performance.now() - before.at) / 1000) * availableParallelism();
  const ours = Object.values(used).reduce((sum, one) => sum + (one ?? 0), result.generatorSeconds);
  const othersShare = Math.max(0, machineSeconds() - before.machine - ours) / capacity;
  await waitForQuiet(pids);
  const { server: serverSeconds, database, redis } = used;
  const cpuSeconds = { server: serverSeconds, database, redis, generator: result.generatorSeconds };
  stand.count(server, result);
  return { ...result, cpuSeconds, othersShare };
}

/**
 * Measures all contestants in rounds, every other round in reversed order.
 * @param {import('./stand.mjs').Stand} stand
 * @param {(Contestant & { name: string })[]} contestants
 * @param {{ rounds: number, seconds: number, warmUpSeconds: number }} timing
 * @returns {Promise<Record<string, object[]>>} the runs of each contestant, by name
 */
export async function inTurns(stand, contestants, { rounds, seconds, warmUpSeconds }) {
  /** @type {Record<string, any[]>} */
  const runs = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  for (const contestant of contestants) await measure(stand, contestant, warmUpSeconds);
  for (let round = 0; round < rounds; round++) {
    for (const contestant of round % 2 === 0 ? contestants : [...contestants].reverse()) {
      runs[contestant.name].push(await measure(stand, contestant, seconds));
    }
  }
  return runs;
}

/** The ratio of two contestants in a figure: of the medians, and the median and range of it pair by pair. */
export function ratioOf(runs, subject, reference, figure = 'perSecond') {
  const pairs = runs[subject].map((run, round) => run[figure] / runs[reference][round][figure]);
  return {
    figure: median(runs[subject].map((run) => run[figure])) / median(runs[reference].map((run) => run[figure])),
    pairs: { count: pairs.length, median: median(pairs), min: Math.min(...pairs), max: Math.max(...pairs) },
  };
}

/** The runs of one contestant in one line. */
export function summarize(name, runs) {
  const medianOf = (pick) => median(runs.map(pick));
  const perRequest = (process) =>
    runs.some((run) => run.cpuSeconds[process] === null)
      ? null
      : medianOf((run) => (run.cpuSeconds[process] / run.requests) * 1e6);
  const rates = runs.map((run) => run.perSecond);
  return {
    name,
    perSecond: { median: median(rates), min: Math.min(...rates), max: Math.max(...rates) },
    p50Ms: medianOf((run) => run.p50Ms),
    p99Ms: medianOf((run) => run.p99Ms),
    maxMs: Math.max(...runs.map((run) => run.maxMs)),
    errors: runs.reduce((sum, run) => sum + run.errors, 0),
    cpuMicros: {
      server: perRequest('server'),
      database: perRequest('database'),
      redis: perRequest('redis'),
      generator: perRequest('generator'),
    },
    othersShare: medianOf((run) => run.othersShare),
    isGeneratorBound: isGeneratorBound(runs),
  };
}

/** The generator was at its limit while the server was not: such a figure speaks of the generator. */
function isGeneratorBound(runs) {
  const share = (process) => median(runs.map((run) => (run.cpuSeconds[process] ?? 0) / run.seconds));
  return share('generator') >= GENERATOR_LIMIT && share('server') < SERVER_LIMIT;
}
