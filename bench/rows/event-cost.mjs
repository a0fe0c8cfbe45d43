import { join } from 'node:path';

import { STOCK_MAX } from '../calls.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { ratioOf } from '../turns.mjs';

/** What a full checkout pays for its two events: written with it, numbered after it. Nobody is told of them. */
export const eventCost = {
  name: 'event-cost',
  async setUp(stand) {
    const preload = join(import.meta.dirname, '../without-events.mjs');
    const server = await stand.startService();
    const without = await stand.startService({ name: 'service-without', preload });
    await stand.addProducts(1, STOCK_MAX);
    const load = closedLoop({ script: 'checkout.lua', args: [1, stand.webhookKey] });
    const checkouts = async (...given) => {
      const run = await load(...given);
      return { ...run, perSecond: run.counted / run.seconds, isHolds: false };
    };
    return [
      { name: 'service', server, load: checkouts },
      { name: 'without', server: without, load: checkouts },
    ];
  },
  figures: (runs) => [
    atLeast(0.9, 'full checkouts with events ÷ the same without any', ratioOf(runs, 'service', 'without')),
  ],
};
