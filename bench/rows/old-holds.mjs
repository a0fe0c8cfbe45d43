import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { compared, holdCall, startAll } from '../calls.mjs';
import { ratioOf } from '../turns.mjs';

const [MANY, FEW] = [1_000_000, 1_000];

/** What a product's past costs its present: the same service, product 1 with a long past and product 2 without. */
export const oldHolds = {
  name: 'old',
  countsHolds: true,
  async setUp(stand) {
    const servers = await startAll(stand, { products: 2, calls: [holdCall(1)] });
    await stand.addReleasedHolds(1, MANY, '00');
    await stand.addReleasedHolds(2, FEW, '01');
    const [service, echo, naive] = compared(servers, closedLoop({ script: 'holds.lua', args: [1] }));
    const few = { name: 'with 1,000', server: servers.service, load: closedLoop({ script: 'holds.lua', args: [2] }) };
    return [service, few, echo, naive];
  },
  figures: (runs) => [
    atLeast(
      0.95,
      'holds with 1,000,000 older holds of the product ÷ with 1,000',
      ratioOf(runs, 'service', 'with 1,000'),
    ),
  ],
};
