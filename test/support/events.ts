import { query } from './database.js';
import { eventually } from './eventually.js';
import { adminHeaders, taken } from './factories.js';
import type { Answer, Service } from './service.js';

export interface Event {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly sequence: number;
  readonly version: number | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Feed {
  readonly items: readonly Event[];
  readonly last_sequence: number;
}

export function requestEvents(service: Service, query: string): Promise<Answer> {
  return service.call('GET', `/api/admin/events${query}`, undefined, adminHeaders(service));
}

export async function readEvents(service: Service, query: string): Promise<Feed> {
  return taken<Feed>(await requestEvents(service, query), 200);
}

/** The number of the newest event once none waits: what comes later is of what comes later. */
export async function newestEvent(service: Service): Promise<number> {
  const { last_sequence } = await readEvents(service, '?after=999999999999999');
  return last_sequence;
}

/** Reads on from `after`, step by step, until `isEnough` says so. */
export async function eventsUntil(
  service: Service,
  after: number,
  isEnough: (events: readonly Event[]) => boolean,
  limit = 100,
): Promise<Event[]> {
  const events: Event[] = [];
  let from = after;
  await eventually(async () => {
    const { items, last_sequence } = await readEvents(service, `?after=${from}&limit=${limit}`);
    from = last_sequence;
    events.push(...items);
    if (!isEnough(events)) throw new Error(`Of ${events.length} events there is not enough`);
  });
  return events;
}

/** Until nothing waits in the inbox. */
export async function untilEventsHaveNumbers(): Promise<void> {
  await eventually(async () => {
    if ((await query('SELECT id FROM event_inbox')).length > 0) throw new Error('Events wait for their numbers');
  });
}
