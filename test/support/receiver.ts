import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  readonly id: string;
  readonly body: {
    readonly type: string;
    readonly sequence: number;
    readonly version: number | null;
    readonly data: Record<string, unknown>;
  };
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

type Behaviour = (received: Received, response: ServerResponse) => void;

const take: Behaviour = (_, response) => void response.writeHead(204).end();

/** A shop's server that is told of events, and answers as a test says. */
export class Receiver {
  readonly received: Received[] = [];
  behave: Behaviour = take;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const receiver = new Receiver(server, `http://127.0.0.1:${port}/hook`);
    server.on('request', (request, response) => void receiver.take(request, response));
    return receiver;
  }

  /** Whether all that was received carries a right signature of this secret. */
  isSignedBy(secret: string): boolean {
    return this.received.every(({ text, headers }) => {
      try {
        new Webhook(secret).verify(text, headers as Record<string, string>);
        return true;
      } catch {
        return false;
      }
    });
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
    const received = {
      id: String(request.headers['webhook-id']),
      body: JSON.parse(text) as Received['body'],
      headers: request.headers,
      text,
    };
    this.received.push(received);
    this.behave(received, response);
  }
}
