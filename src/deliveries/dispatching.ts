import { Injectable } from '@nestjs/common';
import { groupBy } from '../common/group-by.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { EventsService } from '../events/events.service.js';
import type { FeedEvent } from '../events/events.types.js';
import { Claim, CLAIM_SECONDS } from './claim.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import type { Attempt, DeliveryOutcome, DueDelivery, EndpointRow } from './deliveries.types.js';
import { EndpointsRepository } from './endpoints.repository.js';
import { pauseAfter } from './retries.js';
import { Sender, TRY_MS } from './sender.js';

/** Events that are sent in one step, and retries. */
const STEP = 100;

/** Orders whose events are sent to one endpoint at the same time. */
const AT_ONCE = 16;

/** How long a step begins tries; what is left then waits for the next one. */
const SENDING_MS = 60_000;

/** How long it is believed what an endpoint is: its changes count within a second, also where it answers slowly. */
const BELIEVED_MS = 500;

/** How long one run goes on with an endpoint that always has more. */
const RUN_MS = 20_000;

/** After so long without anything that it took, an endpoint is given up. */
const GIVEN_UP_DAYS = 5;

/** What is to be sent, for the first time or again. */
interface Sending {
  /** Null: for the first time. */
  readonly row: DueDelivery | null;
  readonly event: FeedEvent;
}

interface StepResult {
  readonly outcomes: readonly DeliveryOutcome[];
  /** Numbers of due deliveries whose events are not kept any more. */
  readonly untellable: readonly number[];
  /** How far the endpoint was told. */
  readonly position: number;
}

/**
 * Telling endpoints of events. What is due stands in the database: how far each endpoint was told, and what of that it did
 * not take. Whoever is at an endpoint has claimed it, and begins no try that his claim may not outlast, so the events of one
 * order reach it one after the other; who lost his claim writes nothing. The events of different orders go at the same time.
 *
 * A process that dies between a delivery and its record leaves the claim to run out, and it is delivered again: at least
 * once, and never less. An event that was not taken holds up those of its order at this endpoint, and nothing else.
 */
@Injectable()
export class Dispatching {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly deliveries: DeliveriesRepository,
    private readonly events: EventsService,
    private readonly sender: Sender,
    private readonly transactions: Transactions,
  ) {}

  /** Numbers of the endpoints for which there is something to do, and for how long, in milliseconds. */
  findDue(): Promise<{ id: number; overdueMs: number }[]> {
    return this.endpoints.findDue();
  }

  /** Sends what is due to one endpoint, unless somebody else is at it. */
  async dispatch(endpointId: number): Promise<void> {
    const claim = new Claim((id) => this.endpoints.renew(endpointId, id, CLAIM_SECONDS));
    const endsAt = performance.now() + RUN_MS;
    try {
      let endpoint = await claim.begin((id) => this.endpoints.claim(endpointId, id, CLAIM_SECONDS));
      if (endpoint === null) return;
      while (endpoint !== null && claim.covers(0)) {
        const isMore = await this.step(endpoint, claim);
        if (!isMore || performance.now() > endsAt) break;
        endpoint = await this.endpoints.findClaimed(endpointId, claim.id);
      }
    } finally {
      claim.stop();
    }
    await this.endpoints.release(endpointId, claim.id);
  }

  /** @returns whether there may be more to do. */
  private async step(endpoint: EndpointRow, claim: Claim): Promise<boolean> {
    const [due, { events, lastSequence }] = await Promise.all([
      this.deliveries.findDue(endpoint.id, STEP),
      this.events.findAfter(endpoint.position, endpoint.types, STEP),
    ]);
    const orders = events.flatMap(({ holdId }) => holdId ?? []);
    const [again, held] = await Promise.all([
      this.events.findBySequence(due.map(({ sequence }) => sequence)),
      this.deliveries.findHeld(endpoint.id, orders),
    ]);
    const retries = due.flatMap((delivery) => toRetry(delivery, again.get(delivery.sequence)));
    const untellable = due.filter(({ sequence }) => !again.has(sequence)).map(({ id }) => id);
    const free = events.filter(({ holdId }) => holdId === null || !held.has(holdId));
    const fresh = free.map((event): Sending => ({ row: null, event }));
    const waiting = events.filter(({ holdId }) => holdId !== null && held.has(holdId));
    const outcomes = [...(await this.sendAll(endpoint, claim, [...retries, ...fresh])), ...waiting.map(queued)];
    if (outcomes.length + untellable.length === 0 && lastSequence === endpoint.position) return false;
    await this.write(endpoint, claim.id, { outcomes, untellable, position: lastSequence });
    return due.length === STEP || events.length === STEP;
  }

  /** Who does not have the claim any more writes nothing: somebody else is at it, and tells the same again. */
  private async write(
    endpoint: EndpointRow,
    claim: string,
    { outcomes, untellable, position }: StepResult,
  ): Promise<void> {
    const tried = outcomes.filter(({ attempt }) => attempt !== null);
    const hasTaken = tried.some(({ status }) => status === 'delivered');
    const standing = tried.length === 0 ? 'as before' : hasTaken ? 'fine' : 'failing';
    await this.transactions.run(async (tx) => {
      // First, since it locks the endpoint, as all do that change what it was told.
      this.endpoints.moveOn(tx, endpoint.id, claim, position, standing, GIVEN_UP_DAYS);
      this.deliveries.write(tx, endpoint.id, await this.withoutForgotten(tx, outcomes));
      this.deliveries.giveUp(tx, untellable);
    });
  }

  /** An answer is not kept that names a customer who was forgotten since the event was read: it shows another name by now. */
  private async withoutForgotten(
    tx: Transaction,
    outcomes: readonly DeliveryOutcome[],
  ): Promise<readonly DeliveryOutcome[]> {
    const naming = outcomes.filter(({ echoed }) => echoed !== null);
    if (naming.length === 0) return outcomes;
    const texts = await this.events.lockTexts(
      tx,
      naming.map(({ sequence }) => sequence),
    );
    return outcomes.map((outcome) => {
      const { attempt, echoed, sequence } = outcome;
      if (attempt === null || echoed === null || texts.get(sequence) === echoed) return outcome;
      return { ...outcome, attempt: { ...attempt, answer: null } };
    });
  }

  /** The endpoint as it was a moment ago, while a step goes on; null once it is disabled, deleted or claimed by another. */
  private follow(endpoint: EndpointRow, { id }: Claim): () => Promise<EndpointRow | null> {
    let [known, readAt]: [Promise<EndpointRow | null>, number] = [Promise.resolve(endpoint), performance.now()];
    return () => {
      const now = performance.now();
      if (now - readAt > BELIEVED_MS) [known, readAt] = [this.endpoints.findClaimed(endpoint.id, id), now];
      return known;
    };
  }

  /** Order by order at the same time, and of one order one after the other. */
  private async sendAll(endpoint: EndpointRow, claim: Claim, sendings: readonly Sending[]): Promise<DeliveryOutcome[]> {
    const chains = [...groupBy(sendings, ({ event }) => event.holdId ?? `event ${event.sequence}`).values()];
    const outcomes: DeliveryOutcome[] = [];
    const endsAt = performance.now() + SENDING_MS;
    const current = this.follow(endpoint, claim);
    const recipient = async (): Promise<EndpointRow | null> => {
      const known = performance.now() > endsAt ? null : await current();
      return claim.covers(TRY_MS) ? known : null;
    };
    const work = async (): Promise<void> => {
      for (let chain = chains.shift(); chain !== undefined; chain = chains.shift()) {
        outcomes.push(...(await this.sendInOrder(recipient, chain)));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return outcomes;
  }

  /** @param recipient to whom the next event is sent; null: to nobody. */
  private async sendInOrder(
    recipient: () => Promise<EndpointRow | null>,
    chain: readonly Sending[],
  ): Promise<DeliveryOutcome[]> {
    const outcomes: DeliveryOutcome[] = [];
    let isHeld = false;
    for (const sending of chain) {
      const endpoint = isHeld ? null : await recipient();
      // Its types may have changed since the event was chosen. What has a row was wanted when it got it, and is told all the same.
      const isWanted = sending.row !== null || (endpoint?.types?.includes(sending.event.type) ?? true);
      if (!isWanted) continue;
      const outcome: DeliveryOutcome =
        endpoint === null
          ? { ...queued(sending.event), row: sending.row }
          : outcomeOf(sending, await this.sender.send(endpoint, sending.event));
      isHeld ||= outcome.status === 'pending';
      outcomes.push(outcome);
    }
    return outcomes;
  }
}

/** An event that is not kept any more can't be told. */
function toRetry(row: DueDelivery, event: FeedEvent | undefined): Sending[] {
  return event === undefined ? [] : [{ row, event }];
}

/** It waits for one before it, of the same order, and is due as soon as that is through. */
function queued({ sequence, holdId }: FeedEvent): DeliveryOutcome {
  return { row: null, sequence, holdId, status: 'pending', attempts: 0, dueInMs: 0, attempt: null, echoed: null };
}

function outcomeOf({ row, event }: Sending, attempt: Attempt): DeliveryOutcome {
  const attempts = (row?.attempts ?? 0) + 1;
  const dueInMs = attempt.reason === null ? null : pauseAfter(attempts);
  const status = attempt.reason === null ? 'delivered' : dueInMs === null ? 'failed' : 'pending';
  const echoed = namesCustomer(attempt, event) ? event.json : null;
  return { row, sequence: event.sequence, holdId: event.holdId, status, attempts, dueInMs, attempt, echoed };
}

/** Most answers are empty, or a word: the event is read only beside one with JSON in it. */
function namesCustomer({ answer }: Attempt, { json }: FeedEvent): boolean {
  if (answer?.includes('"') !== true) return false;
  const { customer_id } = JSON.parse(json) as { customer_id?: string | null };
  return typeof customer_id === 'string' && answer.includes(JSON.stringify(customer_id));
}
