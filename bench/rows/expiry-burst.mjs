import { setTimeout as sleep } from 'node:timers/promises';

import { STOCK_MAX } from '../calls.mjs';
import { addActiveHolds, countDue } from '../expiring-holds.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { measure } from '../turns.mjs';

const COUNT = 100_000;
const LEAD_SECONDS = 4;
const POLL_MS = 50;
const CAP_MS = 60_000;

/** Very many holds of one product end in the same second, while others go on buying it. */
export const expiryBurst = {
  name: 'expiry-burst',
  async run(stand, { seconds, warmUpSeconds }) {
    const service = await stand.startService();
    await stand.addProducts(1, STOCK_MAX);
    const load = closedLoop({ script: 'holds.lua', args: [1] });
    await measure(stand, { server: service, load }, warmUpSeconds);
    const normal = await measure(stand, { server: service, load }, seconds + 2);
    await addActiveHolds(stand.database, 1, COUNT, `NOW(3) + INTERVAL ${LEAD_SECONDS} SECOND`);
    const [busy, burst] = await Promise.all([
      measure(stand, { server: service, load }, LEAD_SECONDS + 8),
      watchBurst(stand.database),
    ]);
    return { runs: { service: [normal, busy] }, figures: toFigures(normal, burst) };
  },
};

/** Waits for the holds to end and to be released; what was bought meanwhile is counted in the same window. */
async function watchBurst(database) {
  const deadline = Date.now() + CAP_MS;
  const until = async (isReached) => {
    while (!(await isReached())) {
      if (Date.now() > deadline) throw new Error('The expired holds were not released in time');
      await sleep(POLL_MS);
    }
    const [[{ version }]] = await database.query('SELECT COUNT(*) AS version FROM holds');
    return { at: performance.now(), holds: Number(version) };
  };
  const begin = await until(async () => (await countDue(database, 1)) >= COUNT / 2);
  const end = await until(async () => (await countDue(database, 1)) === 0);
  const tookSeconds = (end.at - begin.at) / 1000;
  return { tookSeconds, boughtPerSecond: (end.holds - begin.holds) / tookSeconds };
}

function toFigures(normal, { tookSeconds, boughtPerSecond }) {
  const title = `${COUNT.toLocaleString('en')} holds of one product expire in one second: available again, a second`;
  return [
    atLeast(20_000, title, { figure: COUNT / tookSeconds }),
    atLeast(0.5, 'new holds meanwhile ÷ normally', { figure: boughtPerSecond / normal.perSecond }),
  ];
}
