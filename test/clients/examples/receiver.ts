import { createServer, type IncomingMessage, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type EventOf, verifyWebhook } from '../../../clients/typescript/src/index.js';

/** A server that takes what the checkout service tells; `ship` gets each paid order, perhaps more than once. */
export function receiver(secrets: string[], ship: (paid: EventOf<'order.paid'>) => Promise<void>): Server {
  const take = async (request: IncomingMessage): Promise<void> => {
    const event = await verifyWebhook(await buffer(request), request.headers, secrets);
    if (event.type === 'order.paid') await ship(event);
  };
  return createServer((request, response) => {
    // Whatever is not answered with 2xx is sent again.
    take(request).then(
      () => response.writeHead(204).end(),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
}
