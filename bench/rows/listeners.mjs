import { once } from 'node:events';

import { STOCK_MAX } from '../calls.mjs';
import { connectMany } from '../connections.mjs';
import { atLeast } from '../figures.mjs';
import { closedLoop } from '../generator.mjs';
import { ratioOf } from '../turns.mjs';

const COUNT = 1000;
const LISTEN = 'GET /api/products/1/live HTTP/1.1\r\nHost: shop.example\r\n\r\n';

/** What 1,000 who listen to the live stock of the product that everybody wants cost its holds. They take what comes on the same cores. */
export const listeners = {
  name: 'listeners',
  countsHolds: true,
  async setUp(stand) {
    const service = await stand.startService({ env: { HTTP_STREAMS_PER_CLIENT_MAX: '0' } });
    await stand.addProducts(1, STOCK_MAX);
    const load = closedLoop({ script: 'holds.lua', args: [1] });
    return [
      { name: 'service', server: service, load: besideListeners(load) },
      { name: 'without', server: service, load },
    ];
  },
  figures: (runs) => [
    atLeast(
      0.9,
      `one hot product while ${COUNT.toLocaleString('en')} listen to its live stock, durable holds ÷ without`,
      ratioOf(runs, 'service', 'without'),
    ),
  ],
};

function besideListeners(load) {
  return async (stand, server, seconds) => {
    const sockets = connectMany(server, COUNT);
    try {
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      for (const socket of sockets) socket.write(LISTEN);
      // All have been told the whole before the first hold.
      await Promise.all(sockets.map((socket) => once(socket, 'data')));
      const before = sockets.map(({ bytesRead }) => bytesRead);
      const result = await load(stand, server, seconds);
      const deaf = sockets.filter((socket, index) => socket.destroyed || socket.bytesRead === before[index]).length;
      if (deaf > 0) throw new Error(`${deaf} listeners heard nothing during the measurement`);
      return result;
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  };
}
