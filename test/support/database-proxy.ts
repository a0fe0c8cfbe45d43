import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * A TCP proxy in front of the database that can lose what a network loses: the reply to a COMMIT, the COMMIT
 * itself, or every connection. It understands just enough of the protocol to find a COMMIT: packets of a
 * client start with a length of three bytes and a sequence number; a query's first byte is 3.
 */
export class DatabaseProxy {
  /** COMMITs that were met with a cut. */
  cuts = 0;
  private plan: { loses: 'reply' | 'commit'; times: number } | undefined;
  private readonly sockets = new Set<Socket>();
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
   * were cut run on to the end of their timeout, so it is short: the tests are over when they are.
   */
  get env(): Record<string, string> {
    return { DB_HOST: '127.0.0.1', DB_PORT: String(this.port), DB_STATEMENT_TIMEOUT_MS: '500' };
  }

  /** The next `times` COMMITs lose their reply (the server has committed), or get lost themselves (it has not). */
  cutNextCommits(loses: 'reply' | 'commit', times = 1): void {
    this.plan = { loses, times };
    this.cuts = 0;
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

  private listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port, '127.0.0.1', () => {
        this.port = (this.server.address() as AddressInfo).port;
        resolve();
      });
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
    client.on('close', () => upstream.end());
    upstream.on('close', () => client.destroy());
    upstream.on('data', (reply) => client.destroyed || client.write(reply));
    const packets = new PacketReader();
    client.on('data', (bytes) => {
      for (const packet of packets.read(bytes)) {
        if (isCommit(packet) && this.plan !== undefined) return this.cut(client, upstream, packet);
        upstream.write(packet);
      }
    });
  }

  private cut(client: Socket, upstream: Socket, commit: Buffer): void {
    this.cuts++;
    const { loses, times } = this.plan!;
    this.plan = times > 1 ? { loses, times: times - 1 } : undefined;
    // `end` sends what is written first: the server reads the COMMIT and then finds its client gone.
    if (loses === 'reply') upstream.end(commit);
    else upstream.destroy();
    client.destroy();
  }
}

function isCommit(packet: Buffer): boolean {
  return packet[4] === 3 && /(^|;\s*)COMMIT$/.test(packet.toString('latin1', 5));
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
