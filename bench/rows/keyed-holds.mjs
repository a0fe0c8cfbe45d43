import { randomUUID } from 'node:crypto';

import { STOCK_MAX } from '../calls.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { ratioOf } from '../turns.mjs';

/** Holds with an Idempotency-Key on each, in turns with holds without, against the same service. */
export const keyedHolds = {
  name: 'keyed',
  countsHolds: true,
  async setUp(stand) {
    const service = await stand.startService();
    await stand.addProducts(1, STOCK_MAX);
    const keyed = (...given) => closedLoop({ script: 'keyed-holds.lua', args: [1, `${randomUUID()}-`] })(...given);
    return [
      { name: 'service', server: service, load: keyed },
      { name: 'without keys', server: service, load: closedLoop({ script: 'holds.lua', args: [1] }) },
    ];
  },
  figures: (runs) => [
    atLeast(0.8, 'holds with an Idempotency-Key on each ÷ without', ratioOf(runs, 'service', 'without keys')),
  ],
};
