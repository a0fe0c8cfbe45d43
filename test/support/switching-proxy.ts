import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A TCP proxy in front of several servers, as a cluster has one: all connections go to one of them, until it switches. */
export class SwitchingProxy {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private target: Address,
    private readonly server: Server = createServer(),
  ) {
    this.server.on('connection', (client) => this.serve(client));
  }

  static async start(target: Address): Promise<SwitchingProxy> {
    const proxy = new SwitchingProxy(target);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** Environment of a service that reaches its database through here. */
  get env(): Record<string, string> {
    return { DB_HOST: '127.0.0.1', DB_PORT: String((this.server.address() as AddressInfo).port) };
  }

  /** From here on new connections go there; those that stand are broken. */
  switchTo(target: Address): void {
    this.target = target;
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(client: Socket): void {
    const upstream = connect(this.target);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
