import { once } from 'node:events';

import { STOCK_MAX } from '../calls.mjs';
import { connectMany } from '../connections.mjs';
import { atMost } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { ratioOf } from '../turns.mjs';

const COUNT = 500;
const DRIP_MS = 1000;
const IDLE = 'GET /health/live HTTP/1.1\r\nHost: shop.example\r\n\r\n';
const SLOW = 'POST /api/holds HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\nX-Slow: ';

/** What buyers notice of 500 clients that send a byte a second of a request, and 500 that stay connected. */
export const slowClients = {
  name: 'slow',
  countsHolds: true,
  async setUp(stand) {
    // Long enough that none is cut off for its slowness while we measure; that they are is for the tests.
    const service = await stand.startService({ env: { HTTP_REQUEST_TIMEOUT_MS: '60000' } });
    await stand.addProducts(1, STOCK_MAX);
    const load = closedLoop({ script: 'holds.lua', args: [1] });
    return [
      { name: 'service', server: service, load: besideSlowClients(load) },
      { name: 'without', server: service, load },
    ];
  },
  figures: (runs) => [
    atMost(
      2,
      `holds beside ${COUNT} slow and ${COUNT} idle connections: p99 ÷ without`,
      ratioOf(runs, 'service', 'without', 'p99Ms'),
    ),
  ],
};

function besideSlowClients(load) {
  return async (stand, server, seconds) => {
    const [idle, slow] = [connectMany(server, COUNT), connectMany(server, COUNT)];
    let drip;
    try {
      await Promise.all([...idle, ...slow].map((socket) => once(socket, 'connect')));
      for (const socket of idle) socket.write(IDLE);
      for (const socket of slow) socket.write(SLOW);
      drip = setInterval(() => slow.forEach((socket) => socket.write('a')), DRIP_MS);
      const result = await load(stand, server, seconds);
      const gone = [...idle, ...slow].filter((socket) => socket.destroyed).length;
      if (gone > 0) throw new Error(`${gone} of the other connections were closed during the measurement`);
      return result;
    } finally {
      clearInterval(drip);
      for (const socket of [...idle, ...slow]) socket.destroy();
    }
  };
}
