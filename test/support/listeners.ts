import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Service } from './service.js';

/** Who listens to a stream of events, and what came so far. */
export interface Listener<T> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly events: T[];
  /** When each event came, by the steady clock. */
  readonly times: number[];
  readonly text: string;
  readonly hasEnded: boolean;
  /** Takes nothing more, and leaves it to the other side to notice. */
  pause(): void;
  resume(): void;
  close(): void;
}

const open = new Set<IncomingMessage>();

/** Listens to a path on a connection of its own. */
export async function listen<T = Record<string, unknown>>(
  service: Pick<Service, 'url'>,
  path: string,
  headers: Record<string, string> = {},
): Promise<Listener<T>> {
  const outgoing = request(`${service.url}${path}`, { agent: false, headers });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  open.add(incoming);
  incoming.setEncoding('utf8');
  const events: T[] = [];
  const times: number[] = [];
  let text = '';
  let rest = '';
  let hasEnded = false;
  incoming.on('data', (chunk: string) => {
    text += chunk;
    rest += chunk;
    const blocks = rest.split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const [, data] = /^event: stock\ndata: (.*)$/.exec(block) ?? [];
      if (data === undefined) continue;
      events.push(JSON.parse(data) as T);
      times.push(performance.now());
    }
  });
  incoming.on('error', () => undefined);
  incoming.on('close', () => {
    hasEnded = true;
    open.delete(incoming);
  });
  return {
    status: incoming.statusCode!,
    headers: incoming.headers,
    events,
    times,
    get text() {
      return text;
    },
    get hasEnded() {
      return hasEnded;
    },
    pause: () => void incoming.pause(),
    resume: () => void incoming.resume(),
    close: () => void incoming.destroy(),
  };
}

/** Closes all that are left, after a test. */
export function closeListeners(): void {
  for (const incoming of open) incoming.destroy();
}
