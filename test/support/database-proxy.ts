import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './child-service.js';

const COM_QUERY = 3;

/** What begins to give events their numbers: that comes a moment after a commit, and is none of those that a test means. */
const NUMBERS_EVENTS = /FROM event_sequence\b.*FOR UPDATE/s;

/** What becomes of a COMMIT. */
type Loss = 'reply' | 'commit' | 'time';

/**
 * A TCP proxy in front of the database that can lose what a network loses: the reply to a COMMIT, the COMMIT
 * itself, or every connection. It understands just enough of the protocol to find a COMMIT: packets of a
 * client start with a length of three bytes and a sequence number; a query's first byte is 3. For MySQL, which knows
 * attributes of queries, two more bytes say that there are none.
 */
export class DatabaseProxy {
  /** COMMITs that were met with a cut. */
  cuts = 0;
  /** What the service sent to be carried out, query by query, since this was emptied. */
  queries: string[] = [];
  private plan: { loses: Loss; times: number; meanwhile: (() => Promise<unknown>) | undefined } | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly clients = new Set<Socket>();
  /** Those that still get their COMMIT. */
  private readonly late = new Set<Socket>();
  private isHeld = false;
  private port = 0;

  private constructor(
    private readonly target: { host: string; port: number },
    private readonly server: Server = createServer(),
  ) {
    this.server.on('connection', (client) => this.serve(client));
  }

  static async start(target: { host: string; port: number }): Promise<DatabaseProxy> {
    const proxy = new DatabaseProxy(target);
    await proxy.listen();
    return proxy;
  }

  /**
   * Environment of a service that reaches its database through here. The driver's timers of statements that
   * were cut run on to the end of their timeout, so it is no longer than a busy machine needs: the tests are over when they are.
   */
  get env(): Record<string, string> {
    return { DB_HOST: '127.0.0.1', DB_PORT: String(this.port), DB_STATEMENT_TIMEOUT_MS: '2000' };
  }

  /**
   * The next `times` COMMITs lose their reply (the server has committed), or get lost themselves (it has taken all back).
   * The service hears of it once the server is done, so that its next try finds no lock of the lost one. After each, it
   * gets no word through until `meanwhile` is done: that is what came between.
   *
   * With 'time' it hears of it at once, and the COMMIT reaches the server once `meanwhile` is done: until then the lost
   * transaction has its locks, and whether it will be committed is open.
   */
  cutNextCommits(loses: Loss, times = 1, meanwhile?: () => Promise<unknown>): void {
    this.plan = { loses, times, meanwhile };
    this.cuts = 0;
  }

  /** From here on the database says nothing any more: connections stand and are taken, and no byte gets through. */
  hold(): void {
    this.isHeld = true;
    for (const client of this.clients) client.pause();
  }

  /** What was held goes on its way. */
  goOn(): void {
    this.isHeld = false;
    for (const client of this.clients) client.resume();
  }

  /** From here on the database is away: connections break and none is accepted. */
  async goAway(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** The database is there again, at the same address. */
  comeBack(): Promise<void> {
    return this.listen();
  }

  /** On a port that nobody is given while this is away. */
  private async listen(): Promise<void> {
    this.port ||= await freePort();
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve);
    });
  }

  private serve(client: Socket): void {
    const upstream = connect(this.target);
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.sockets.delete(socket));
    }
    this.clients.add(client);
    client.on('close', () => {
      this.clients.delete(client);
      if (!this.late.has(upstream)) upstream.end();
    });
    upstream.on('close', () => client.destroy());
    upstream.on('data', (reply) => client.destroyed || client.write(reply));
    const packets = new PacketReader();
    let isNumbering = false;
    client.on('data', (bytes) => {
      for (const packet of packets.read(bytes)) {
        const sql = sqlOf(packet);
        if (sql !== undefined) {
          this.queries.push(sql);
          if (sql.includes('START TRANSACTION')) isNumbering = false;
          isNumbering ||= NUMBERS_EVENTS.test(sql);
          if (isCommit(sql) && this.plan !== undefined && !isNumbering) return this.cut(client, upstream, packet);
        }
        upstream.write(packet);
      }
    });
    if (this.isHeld) client.pause();
  }

  private cut(client: Socket, upstream: Socket, commit: Buffer): void {
    this.cuts++;
    const { loses, times, meanwhile } = this.plan!;
    this.plan = times > 1 ? { loses, times: times - 1, meanwhile } : undefined;
    // Neither gets a word of the other any more.
    for (const socket of [client, upstream]) socket.removeAllListeners('data').resume();
    if (loses === 'time') {
      this.late.add(upstream);
      client.destroy();
      void (meanwhile?.() ?? Promise.resolve()).finally(() => upstream.end(commit));
      return;
    }
    if (meanwhile !== undefined) {
      this.hold();
      upstream.once('close', () => void meanwhile().finally(() => this.goOn()));
    }
    // `end` sends what is written first: the server is done with it when it finds its client gone and closes, too.
    upstream.end(loses === 'reply' ? commit : rollbackInsteadOf(commit));
  }
}

function sqlOf(packet: Buffer): string | undefined {
  if (packet[4] !== COM_QUERY) return undefined;
  return packet.toString('latin1', startOfSql(packet));
}

function startOfSql(packet: Buffer): number {
  return packet[5] === 0 && packet[6] === 1 ? 7 : 5;
}

/** So that the locks are gone when the connection is: a server that finds its client gone closes first, then takes back. */
function rollbackInsteadOf(commit: Buffer): Buffer {
  const packet = Buffer.concat([commit.subarray(0, startOfSql(commit)), Buffer.from('ROLLBACK')]);
  packet.writeUIntLE(packet.length - 4, 0, 3);
  return packet;
}

function isCommit(sql: string): boolean {
  return /(^|;\s*)COMMIT$/.test(sql);
}

/** Cuts a client's stream into whole packets. */
class PacketReader {
  private rest: Buffer = Buffer.alloc(0);

  *read(bytes: Buffer): Iterable<Buffer> {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= 4) {
      const end = 4 + this.rest.readUIntLE(0, 3);
      if (this.rest.length < end) return;
      const packet = this.rest.subarray(0, end);
      this.rest = this.rest.subarray(end);
      yield packet;
    }
  }
}
