import { setTimeout as sleep } from 'node:timers/promises';

import { atMost, shown } from '../figures.mjs';
import { PAYMENT, startPaymentProvider } from '../payment-provider.mjs';
import { callOnce } from '../stand.mjs';

const UNITS = 500;
const BUYERS_AT_ONCE = 50;
const LATENCY_MS = 100;
const POLL_MS = 50;
const CAP_MS = 120_000;

/** A sale of so many units: from its first hold until each of its buyers can pay, at the pace that the provider takes. */
export const sessionPace = {
  name: 'session-pace',
  async run(stand) {
    const provider = await startPaymentProvider({ latencyMs: LATENCY_MS });
    const service = await stand.startService({ env: provider.env });
    await stand.addProducts(1, UNITS);
    const startedAt = performance.now();
    const opened = untilOpen(stand.database, startedAt);
    await Promise.all(Array.from({ length: BUYERS_AT_ONCE }, () => buy(service, UNITS / BUYERS_AT_ONCE)));
    const soldMs = performance.now() - startedAt;
    const openMs = await opened;
    const seconds = openMs[UNITS - 1] / 1000;
    return {
      runs: { service: [toRun(openMs, seconds)] },
      figures: [
        atMost(
          25,
          `${UNITS} sold units have their sessions, at 25 calls a second`,
          { figure: seconds },
          { unit: ' s' },
        ),
        shown('seconds until they were sold', { figure: soldMs / 1000 }),
        shown('calls that the provider turned away', { figure: provider.turnedAway() }),
      ],
    };
  },
};

async function buy(service, units) {
  const make = async (path, body) => {
    const answer = await callOnce(service, { method: 'POST', path, body });
    if (answer.status !== 201) throw new Error(`POST ${path} is answered ${answer.status}: ${answer.body}`);
    return JSON.parse(answer.body);
  };
  for (let unit = 0; unit < units; unit++) {
    const { hold_id } = await make('/api/holds', { product_id: 1, quantity: 1 });
    await make('/api/orders', { hold_id, payment: PAYMENT });
  }
}

/** When each session was seen open, in milliseconds from the beginning, earliest first. */
async function untilOpen(database, startedAt) {
  const openMs = [];
  for (const deadline = Date.now() + CAP_MS; openMs.length < UNITS; await sleep(POLL_MS)) {
    const [[{ opened }]] = await database.query("SELECT COUNT(*) AS opened FROM payment_sessions WHERE state = 'open'");
    const nowMs = performance.now() - startedAt;
    while (openMs.length < opened) openMs.push(nowMs);
    if (Date.now() > deadline) throw new Error(`Of ${UNITS} sessions ${opened} are open`);
  }
  return openMs;
}

function toRun(openMs, seconds) {
  const cpuSeconds = { server: null, database: null, redis: null, generator: null };
  const at = (share) => openMs[Math.ceil(openMs.length * share) - 1];
  const latency = { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  return { requests: openMs.length, perSecond: openMs.length / seconds, seconds, errors: 0, cpuSeconds, ...latency };
}
