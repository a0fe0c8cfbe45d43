import { STOCK_MAX } from '../calls.mjs';
import { shown } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { ratioOf } from '../turns.mjs';

/** Two workers behind one port. The machine's cores are shared by them, the database and the load generator. */
export const workers = {
  name: 'workers',
  countsHolds: true,
  async setUp(stand) {
    const service = await stand.startService({ env: { WEB_CONCURRENCY: '2' } });
    const one = await stand.startService({ name: 'service-alone' });
    await stand.addProducts(1, STOCK_MAX);
    const load = closedLoop({ script: 'holds.lua', args: [1] });
    return [
      { name: 'service', server: service, load },
      { name: 'one process', server: one, load },
    ];
  },
  figures: (runs) => [
    shown('one hot product with WEB_CONCURRENCY=2 ÷ with 1', ratioOf(runs, 'service', 'one process')),
  ],
};
