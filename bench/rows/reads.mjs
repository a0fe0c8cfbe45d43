import { atLeast } from '../figures.mjs';
import { beside, closedLoop, openLoop } from '../generator.mjs';
import { compared, holdCall, startAll } from '../calls.mjs';
import { ratioOf } from '../turns.mjs';

const WRITES_PER_SECOND = 200;

/** Everybody reloads the product's page while units of it go; the echo gets the same stream of writes. */
export const reads = {
  name: 'reads',
  async setUp(stand) {
    const servers = await startAll(stand, { calls: [{ path: '/api/products/1' }, holdCall(1)] });
    const writes = openLoop({ ...holdCall(1), perSecond: WRITES_PER_SECOND, connectionsMax: 64 });
    return compared(servers, beside(closedLoop({ script: 'get.lua', path: '/api/products/1' }), writes));
  },
  figures: (runs) => [
    atLeast(
      0.9,
      `\`GET /api/products/{id}\` under a stream of writes (${WRITES_PER_SECOND} holds/s) ÷ echo`,
      ratioOf(runs, 'service', 'echo'),
    ),
  ],
};
