// Connections beside the load: clients that do something else than it.

import { connect } from 'node:net';

/** So many connections to a server; what comes on them is taken and forgotten. */
export function connectMany({ port }, count) {
  return Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1');
    return socket.on('error', () => socket.destroy()).resume();
  });
}
