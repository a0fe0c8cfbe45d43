import { setTimeout as sleep } from 'node:timers/promises';

import { addEvents } from '../events.mjs';
import { atMost } from '../figures.mjs';
import { callOnce } from '../stand.mjs';
import { median } from '../turns.mjs';

const COUNT = 100_000;
const PAGE = 1000;
const ADDED_AT_ONCE = 5000;
const NUMBERED_CAP_MS = 120_000;

/** A shop that was away reads what it has missed, page by page. */
export const eventFeed = {
  name: 'event-feed',
  async run(stand, { rounds }) {
    const service = await stand.startService();
    for (let added = 0; added < COUNT; added += ADDED_AT_ONCE) await addEvents(stand.database, ADDED_AT_ONCE);
    await untilNumbered(stand.database);
    const runs = [];
    for (let round = 0; round < rounds; round++) runs.push(await readAll(stand, service));
    const title = `a feed of ${COUNT.toLocaleString('en')} events read in pages of ${PAGE.toLocaleString('en')}`;
    return {
      runs: { service: runs },
      figures: [atMost(2, title, { figure: median(runs.map(({ seconds }) => seconds)) }, { unit: ' s' })],
    };
  },
};

async function untilNumbered(database) {
  for (const deadline = Date.now() + NUMBERED_CAP_MS; ; await sleep(100)) {
    const [[{ last }]] = await database.query('SELECT last FROM event_sequence');
    if (last === COUNT) return;
    if (Date.now() > deadline) throw new Error(`Of ${COUNT} events ${last} have their numbers`);
  }
}

async function readAll({ secrets }, service) {
  const headers = { authorization: `Bearer ${secrets.ADMIN_TOKEN}` };
  const tookMs = [];
  const startedAt = performance.now();
  let read = 0;
  for (let after = 0; after < COUNT;) {
    const askedAt = performance.now();
    const { body } = await callOnce(service, { path: `/api/admin/events?after=${after}&limit=${PAGE}`, headers });
    const { items, last_sequence } = JSON.parse(body);
    tookMs.push(performance.now() - askedAt);
    read += items.length;
    after = last_sequence;
  }
  if (read !== COUNT) throw new Error(`Of ${COUNT} events ${read} were read`);
  const seconds = (performance.now() - startedAt) / 1000;
  const sorted = tookMs.sort((a, b) => a - b);
  return {
    requests: tookMs.length,
    perSecond: tookMs.length / seconds,
    seconds,
    errors: 0,
    cpuSeconds: { server: null, database: null, redis: null, generator: null },
    p50Ms: median(sorted),
    p99Ms: sorted[Math.ceil(sorted.length * 0.99) - 1],
    maxMs: sorted.at(-1),
  };
}
