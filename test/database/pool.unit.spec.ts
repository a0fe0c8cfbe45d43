import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as mysql2 from 'mysql2';
import { PoolWaitError } from '../../src/database/database-errors.js';
import { createGuardedPool } from '../../src/database/pool.js';

/** A database that lets everybody in, and says nothing after that. */
const { _server: server } = mysql2.createServer((connection) => {
  connection.on('error', () => undefined);
  // Without a listener it would say that it takes no queries.
  connection.on('query', () => undefined);
  (connection as unknown as { serverHandshake(greeting: object): void }).serverHandshake({
    ...{ protocolVersion: 10, serverVersion: '8.4.0', connectionId: 1, statusFlags: 2, characterSet: 8 },
    capabilityFlags: 0xff_ff_ff,
  });
}) as unknown as { readonly _server: Server };
const sockets = new Set<Socket>();
server.on('connection', (socket) => sockets.add(socket));

beforeAll(() => new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening)));

afterAll(async () => {
  const closed = new Promise<void>((done) => void server.close(() => done()));
  for (const socket of sockets) socket.destroy();
  await closed;
});

it('nobody waits without end for a connection whose database falls silent after its greeting', async () => {
  const { port } = server.address() as AddressInfo;
  const pool = createGuardedPool(
    { host: '127.0.0.1', port, user: 'checkout', multipleStatements: true, connectTimeout: 2000 },
    { sessionSettings: 'SET SESSION autocommit = 1', acquireTimeoutMs: 100 },
  );
  await expect(pool.getWriteConnection()).rejects.toBeInstanceOf(PoolWaitError);
  // The driver would wait for the answer to its farewell.
  pool.end(() => undefined);
});
