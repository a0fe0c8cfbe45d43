import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of a service that loses answers: the request reaches the service, and when it answers, the connection breaks. */
export class LossyProxy {
  /** Answers that were lost so far. */
  lost = 0;
  private left = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((client) => this.serve(client));

  private constructor(private readonly target: URL) {}

  static async start(target: string): Promise<LossyProxy> {
    const proxy = new LossyProxy(new URL(target));
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The next so many answers do not come through. */
  loseAnswers(count: number): void {
    this.left = count;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(client: Socket): void {
    const upstream = connect(Number(this.target.port), this.target.hostname);
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      if (this.left === 0) return void client.write(chunk);
      this.left--;
      this.lost++;
      client.destroy();
    });
  }
}
