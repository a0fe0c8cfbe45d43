import { STOCK_MAX, holdCall } from '../calls.mjs';
import { atLeast, atMost } from '../figures.mjs';
import { closedLoop, openLoop } from '../generator.mjs';
import { inTurns, measure, median, ratioOf } from '../turns.mjs';

const COMMIT_DELAY_MS = 25;
const BATCH_MAX = 8;
const WAITING_MAX = 128;
const OFFERED = 5;
const CAPACITY_CONNECTIONS = 64;
const CONNECTIONS_MAX = 1000;

/**
 * Five times as many buyers a second as can be served. The capacity is cut by slow commits of small batches, so
 * that a generator on the same machine can offer that many; the length of the queue then bounds the wait.
 */
export const overload = {
  name: 'overload',
  countsHolds: true,
  async run(stand, { rounds, seconds, warmUpSeconds }) {
    const proxy = await stand.startCommitProxy();
    await proxy.delayCommits(COMMIT_DELAY_MS);
    const env = { GROUP_COMMIT_BATCH_MAX: String(BATCH_MAX), GROUP_COMMIT_WAITING_MAX: String(WAITING_MAX) };
    const service = await stand.startService({ databasePort: proxy.port, env });
    await stand.addProducts(1, STOCK_MAX);
    const closed = closedLoop({ script: 'holds.lua', args: [1], connections: CAPACITY_CONNECTIONS });
    const first = await measure(stand, { server: service, load: closed }, warmUpSeconds);
    const perSecond = Math.round(first.perSecond * OFFERED);
    const open = openLoop({ ...holdCall(1), perSecond, connectionsMax: CONNECTIONS_MAX });
    const contestants = [
      { name: 'capacity', server: service, load: closed },
      { name: 'service', server: service, load: countingRefusals(open) },
    ];
    const runs = await inTurns(stand, contestants, { rounds, seconds: Math.max(seconds, 3), warmUpSeconds });
    return { runs, figures: figures(runs, perSecond) };
  },
};

/** Refusals with 503 and Retry-After are what is wanted of an overloaded service; everything else is an error. */
function countingRefusals(load) {
  return async (...given) => {
    const run = await load(...given);
    const refused = run.byStatus[503] ?? { count: 0, withRetryAfter: 0 };
    return { ...run, refused: refused.count, errors: run.errors - refused.withRetryAfter };
  };
}

function figures(runs, offered) {
  const refused = runs.service.reduce((sum, run) => sum + run.refused, 0);
  const others = runs.service.reduce((sum, run) => sum + run.errors, 0);
  const offeredText = `overload: ${offered} holds/s offered, ${OFFERED} × the capacity`;
  return [
    atLeast(0.9, `${offeredText}: goodput ÷ capacity`, ratioOf(runs, 'service', 'capacity')),
    atMost(
      1000,
      'overload: p99 of what is granted',
      { figure: median(runs.service.map((run) => run.p99Ms)) },
      { unit: ' ms' },
    ),
    atMost(
      0,
      `overload: answers that are neither granted nor 503 with Retry-After (${refused} were)`,
      { figure: others },
      { reach: '0' },
    ),
  ];
}
