import { once } from 'node:events';
import { connect } from 'node:net';

import { STOCK_MAX } from '../calls.mjs';
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
    const service = await stand.startService();
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
    const idle = await connectMany(server, IDLE);
    const slow = await connectMany(server, SLOW);
    const drip = setInterval(() => slow.forEach((socket) => socket.write('a')), DRIP_MS);
    try {
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

async function connectMany({ port }, beginning) {
  const sockets = Array.from({ length: COUNT }, () => connect(port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets)
    socket
      .on('error', () => socket.destroy())
      .resume()
      .write(beginning);
  return sockets;
}
