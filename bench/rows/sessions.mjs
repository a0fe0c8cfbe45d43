import { setTimeout as sleep } from 'node:timers/promises';

import { STOCK_MAX } from '../calls.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { PAYMENT, startPaymentProvider } from '../payment-provider.mjs';
import { ratioOf } from '../turns.mjs';

const LATENCY_MS = 100;
const POLL_MS = 100;
const IDLE_CAP_MS = 60_000;

/** Full checkouts whose orders ask for a payment session each, beside the same whose orders ask for none. */
export const sessions = {
  name: 'sessions',
  async setUp(stand) {
    const provider = await startPaymentProvider({ latencyMs: LATENCY_MS });
    const server = await stand.startService({ env: provider.env });
    await stand.addProducts(1, STOCK_MAX);
    const prepare = () => untilIdle(stand.database);
    const checkouts = (...args) =>
      counting(closedLoop({ script: 'checkout.lua', args: [1, stand.webhookKey, ...args] }));
    return [
      { name: 'service', server, load: checkouts(JSON.stringify(PAYMENT)), prepare },
      { name: 'without', server, load: checkouts(), prepare },
    ];
  },
  figures: (runs) => [
    atLeast(0.8, 'full checkouts with payment sessions ÷ the same without', ratioOf(runs, 'service', 'without')),
  ],
};

function counting(load) {
  return async (...given) => {
    const run = await load(...given);
    return { ...run, perSecond: run.counted / run.seconds, isHolds: false };
  };
}

/** What was left to be asked of the provider is not the next one's. */
async function untilIdle(database) {
  for (const deadline = Date.now() + IDLE_CAP_MS; ; await sleep(POLL_MS)) {
    const [[{ tasks }]] = await database.query('SELECT COUNT(task) AS tasks FROM payment_sessions');
    if (tasks === 0) return;
    if (Date.now() > deadline) throw new Error(`${tasks} sessions are still to be made or ended`);
  }
}
