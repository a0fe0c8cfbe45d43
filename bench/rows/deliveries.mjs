import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { STOCK_MAX } from '../calls.mjs';
import { addEvents } from '../events.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { callOnce } from '../stand.mjs';
import { median, ratioOf } from '../turns.mjs';

const PER_SECOND = 1000;
const ENDPOINTS = 3;
const TICK_MS = 100;
const CAUGHT_UP_CAP_MS = 120_000;

/** A thousand events a second, each told to three endpoints, while everybody wants one product. */
export const deliveries = {
  name: 'deliveries',
  countsHolds: true,
  async setUp(stand) {
    const shop = await startShop();
    const server = await stand.startService({ env: { WEBHOOK_ENDPOINTS_PRIVATE: 'true' } });
    await stand.addProducts(1, STOCK_MAX);
    for (let endpoint = 0; endpoint < ENDPOINTS; endpoint++) await addEndpoint(stand, server, shop.url);
    const load = closedLoop({ script: 'holds.lua', args: [1] });
    const prepare = () => untilCaughtUp(stand.database);
    return [
      { name: 'service', server, load: besideEvents(load, shop), prepare },
      { name: 'alone', server, load, prepare },
    ];
  },
  figures: (runs) => [
    atLeast(0.9, 'one hot product while 1,000 events a second are told ÷ alone', ratioOf(runs, 'service', 'alone')),
    atLeast(PER_SECOND * ENDPOINTS, 'deliveries a second meanwhile', {
      figure: median(runs.service.map(({ toldPerSecond }) => toldPerSecond)),
    }),
  ],
};

/** The shop's side of it: it takes everything, and is part of the load. */
async function startShop() {
  let told = 0;
  const server = createServer((request, response) => {
    told++;
    request.resume().on('end', () => response.writeHead(204).end());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  server.unref();
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}/hook`, told: () => told };
}

async function addEndpoint({ secrets }, server, url) {
  const headers = { authorization: `Bearer ${secrets.ADMIN_TOKEN}` };
  const path = '/api/admin/webhook-endpoints';
  const { status, body } = await callOnce(server, { method: 'POST', path, body: { url }, headers });
  if (status !== 201) throw new Error(`The endpoint was not made: ${body}`);
}

function besideEvents(load, shop) {
  return async (stand, server, seconds) => {
    let isOver = false;
    const before = shop.told();
    const feeding = (async () => {
      for (let due = performance.now(); !isOver; due += TICK_MS) {
        await addEvents(stand.database, (PER_SECOND * TICK_MS) / 1000);
        await sleep(Math.max(0, due + TICK_MS - performance.now()));
      }
    })();
    const run = await load(stand, server, seconds);
    const toldPerSecond = (shop.told() - before) / run.seconds;
    isOver = true;
    await feeding;
    return { ...run, toldPerSecond };
  };
}

/** What was left is not the next one's. */
async function untilCaughtUp(database) {
  for (const deadline = Date.now() + CAUGHT_UP_CAP_MS; ; await sleep(TICK_MS)) {
    const [[{ waiting, behind }]] = await database.query(
      `SELECT (SELECT COUNT(*) FROM event_inbox) AS waiting,
         (SELECT COUNT(*) FROM webhook_endpoints e JOIN event_sequence s ON e.position < s.last) AS behind`,
    );
    if (waiting === 0 && behind === 0) return;
    if (Date.now() > deadline) throw new Error('The endpoints were not told of all events in time');
  }
}
