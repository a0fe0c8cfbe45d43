import { connect, type Server } from 'node:net';
import type { Service } from './service.js';

/** What a client does once it has sent its bytes: ends its side, keeps it open whatever the server does, or leaves. */
export type Ending = 'end' | 'stay' | 'leave';

/** Sends bytes as they are, in pieces, and returns all that comes back until the connection is closed. */
export function sendBytes(service: Service, pieces: readonly (string | Buffer)[], ending: Ending): Promise<string> {
  const { hostname, port } = new URL(service.url);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
    socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk));
    // A server may reset a connection whose bytes it does not read to the end.
    socket.on('error', () => socket.destroy()).on('close', () => resolve(received));
    socket.on('connect', () => {
      for (const piece of pieces) socket.write(piece, 'latin1');
      if (ending === 'end') socket.end();
      if (ending === 'leave') socket.destroySoon();
    });
    // The other side is gone for good once it has ended and what we write is reset; until then nothing else tells us.
    if (ending === 'stay') socket.on('end', () => setTimeout(() => socket.destroy(), 2000));
  });
}

/** Connections that the service has open. */
export function connectionsOf({ app }: Service): Promise<number> {
  return new Promise((resolve, reject) => {
    (app.getHttpServer() as Server).getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

/** The answers in what came over a connection, each with its head. */
export function answersIn(text: string): { status: number; head: string }[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) [^]*?\r\n\r\n/g)].map(([head, status]) => ({
    status: Number(status),
    head,
  }));
}
