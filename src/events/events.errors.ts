import { DomainError } from '../common/problem.js';

/** What a reader has not seen yet was deleted. */
export class EventsGoneError extends DomainError {
  constructor(oldest: number) {
    super('EVENTS_GONE', `Events before ${oldest} are kept no more.`, { oldest_sequence: oldest });
  }
}
