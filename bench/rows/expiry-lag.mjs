import { setTimeout as sleep } from 'node:timers/promises';

import { atMost } from '../figures.mjs';
import { callOnce } from '../stand.mjs';

const PRODUCTS = 200;
const SPREAD_MS = 10_000;
const LEAD_MS = 1_000;
const POLL_MS = 20;
const CAP_MS = 20_000;

/** From the end of a hold to the moment when a reader, or a buyer of the last unit, finds its unit. */
export const expiryLag = {
  name: 'expiry-lag',
  async run(stand) {
    const service = await stand.startService();
    await stand.addProducts(2 * PRODUCTS, 2);
    const [[{ now }]] = await stand.database.query('SELECT UNIX_TIMESTAMP(NOW(3)) * 1000 AS now');
    const clockMs = Number(now) - performance.now();
    const ends = Array.from({ length: PRODUCTS }, (_, n) => Number(now) + LEAD_MS + (n * SPREAD_MS) / PRODUCTS);
    await addHolds(stand.database, ends);
    const untilEnd = (end) => sleep(Math.max(0, end - clockMs - performance.now() + 1));
    const seen = ends.map((end, n) => untilEnd(end).then(() => lagOf(() => isAvailable(service, n + 1))));
    const sold = ends.map((end, n) => untilEnd(end).then(() => lagOf(() => isHeld(service, PRODUCTS + n + 1))));
    const [seenMs, soldMs] = [await Promise.all(seen), await Promise.all(sold)];
    return { runs: { service: [toRun(seenMs)] }, figures: toFigures(seenMs, soldMs) };
  },
};

/** One held unit of two on the first products, and both units on the others. */
async function addHolds(database, ends) {
  const values = ends.flatMap((end, n) => [
    `(RANDOM_BYTES(16), ${n + 1}, 1, FROM_UNIXTIME(${end / 1000}))`,
    `(RANDOM_BYTES(16), ${PRODUCTS + n + 1}, 2, FROM_UNIXTIME(${end / 1000}))`,
  ]);
  await database.query('UPDATE products SET stock_held = IF(id <= ?, 1, 2)', [PRODUCTS]);
  await database.query(`INSERT INTO holds (id, product_id, qty, expires_at) VALUES ${values.join(', ')}`);
}

/** How long it takes until `isReached` holds for the first time, counted in failed tries: none is no lag at all. */
async function lagOf(isReached) {
  const begin = performance.now();
  if (await isReached()) return 0;
  while (!(await isReached())) {
    if (performance.now() - begin > CAP_MS) return Infinity;
    await sleep(POLL_MS);
  }
  return performance.now() - begin;
}

async function isAvailable(service, id) {
  const { body } = await callOnce(service, { path: `/api/products/${id}` });
  return JSON.parse(body).available_stock === 2;
}

async function isHeld(service, id) {
  const body = { product_id: id, quantity: 1 };
  return (await callOnce(service, { method: 'POST', path: '/api/holds', body })).status === 201;
}

const p99 = (values) => [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1];

function toRun(lags) {
  const sorted = [...lags].sort((a, b) => a - b);
  const latency = { p50Ms: sorted[Math.floor(sorted.length / 2)], p99Ms: p99(lags), maxMs: sorted.at(-1) };
  const cpuSeconds = { server: null, database: null, redis: null, generator: null };
  return { requests: lags.length, perSecond: NaN, seconds: SPREAD_MS / 1000, errors: 0, cpuSeconds, ...latency };
}

function toFigures(seenMs, soldMs) {
  const options = { unit: ' ms' };
  return [
    atMost(2000, 'from expiry to visible availability, stock left: p99', { figure: p99(seenMs) }, options),
    atMost(0, 'the same, stock short: p99', { figure: p99(soldMs) }, options),
  ];
}
