// A process between the service and the database that makes commits slow: what the server says to a packet with
// a COMMIT in it is passed on `delayMs` later. With 0 it is the fair "without": the same hop, no delay.
//
//   node commit-proxy.mjs '<port of the database>'      IPC: says { port }, takes { delayMs }

import { createServer, connect } from 'node:net';

const COMMIT = 'COMMIT';
const databasePort = Number(process.argv[2]);
let delayMs = 0;

/** Passes bytes on in their order, each no earlier than its time. */
class DelayLine {
  #waiting = [];
  #isRunning = false;

  constructor(target) {
    this.target = target;
  }

  push(bytes, delay) {
    if (delay === 0 && this.#waiting.length === 0) return this.target.write(bytes);
    this.#waiting.push({ bytes, dueAt: performance.now() + delay });
    if (!this.#isRunning) this.#run();
  }

  /** A timer rounds to milliseconds, so what is left after it is waited for turn by turn: never short of the delay. */
  #run = () => {
    this.#isRunning = this.#waiting.length > 0;
    if (!this.#isRunning) return;
    const left = this.#waiting[0].dueAt - performance.now();
    if (left >= 1) return setTimeout(this.#run, Math.floor(left));
    if (left <= 0) this.target.write(this.#waiting.shift().bytes);
    setImmediate(this.#run);
  };
}

function join(client) {
  const server = connect({ port: databasePort, host: '127.0.0.1', noDelay: true });
  const toClient = new DelayLine(client);
  // The protocol is half duplex: a command begins with the first bytes of the client after the server spoke.
  let hasServerSpoken = true;
  let isCommitting = false;
  let tail = '';
  client.on('data', (bytes) => {
    if (hasServerSpoken) [hasServerSpoken, isCommitting, tail] = [false, false, ''];
    const text = tail + bytes.toString('latin1');
    isCommitting ||= text.includes(COMMIT);
    tail = text.slice(-COMMIT.length);
    server.write(bytes);
  });
  server.on('data', (bytes) => {
    hasServerSpoken = true;
    toClient.push(bytes, isCommitting ? delayMs : 0);
  });
  const end = () => {
    client.destroy();
    server.destroy();
  };
  for (const socket of [client, server]) socket.on('close', end).on('error', end);
}

const proxy = createServer({ noDelay: true }, join);
process.on('message', (/** @type {{ delayMs: number }} */ message) => {
  ({ delayMs } = message);
  process.send?.({ delayMs });
});
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
proxy.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (proxy.address());
  process.send?.({ port });
});
