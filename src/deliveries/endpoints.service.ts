import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import type { AuditFields } from '../access/audit.types.js';
import type { Act } from '../access/operator.js';
import { ValidationError } from '../common/problem.js';
import { CONFIG, type Config } from '../config/config.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import { EventsService } from '../events/events.service.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { AddressRefusedError } from './addresses.js';
import { DeliveryNotFoundError, EndpointNotFoundError } from './deliveries.errors.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import type {
  DeliveryRow,
  DeliveryStatus,
  EndpointChange,
  EndpointRow,
  LoggedDelivery,
  NewEndpoint,
} from './deliveries.types.js';
import { EndpointsRepository } from './endpoints.repository.js';
import { Sender } from './sender.js';

const SECRET_BYTES = 32;

/** Deliveries that are due again in one transaction. */
const STEP = 1000;

/** For how long the secret before signs, too. */
const OLD_SECRET_HOURS = 24;

/** What operators do with endpoints, and with what they were told. */
@Injectable()
export class EndpointsService {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly deliveries: DeliveriesRepository,
    private readonly events: EventsService,
    private readonly sender: Sender,
    private readonly audit: AuditService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Makes an endpoint, which is told of what happens from now on. The answer is where its secret stands, and that of its
   * rotation.
   *
   * @throws ValidationError for an address that nothing is sent to.
   */
  async createEndpoint(act: Act, wanted: Omit<NewEndpoint, 'secret'>): Promise<EndpointRow> {
    await this.check(wanted.url);
    return this.transactions.run(async (tx) => {
      const made = await this.lockOne(tx, await this.endpoints.insert(tx, { ...wanted, secret: newSecret() }));
      this.record(tx, act, 'create', null, made);
      return made;
    });
  }

  listEndpoints(page: PageRequest): Promise<Page<EndpointRow>> {
    return readPage(page, (range) => this.endpoints.findPage(range));
  }

  /** @throws EndpointNotFoundError */
  async getEndpoint(id: number): Promise<EndpointRow> {
    const row = await this.endpoints.findById(id);
    if (row === null) throw new EndpointNotFoundError(id);
    return row;
  }

  /**
   * One that took nothing when it was disabled, by itself or by an operator, is told of all of it once it is enabled, also of
   * what had its last try meanwhile: that is due again before, in steps, and nothing is sent as long as it is disabled.
   *
   * @throws EndpointNotFoundError, ValidationError
   */
  async changeEndpoint(act: Act, id: number, change: EndpointChange): Promise<EndpointRow> {
    if (change.url !== undefined) await this.check(change.url);
    if (change.isDisabled === false) await this.takeUpFailed(await this.getEndpoint(id));
    return this.transactions.run(async (tx) => {
      const before = await this.lockOne(tx, id);
      const changed: EndpointChange = {
        ...(change.url !== undefined && change.url !== before.url && { url: change.url }),
        ...(change.types !== undefined && !isSame(change.types, before.types) && { types: change.types }),
        ...(change.isDisabled !== undefined &&
          change.isDisabled !== (before.disabledAt !== null) && { isDisabled: change.isDisabled }),
      };
      if (Object.keys(changed).length === 0) return before;
      this.endpoints.update(tx, id, changed);
      const after = await this.lockOne(tx, id);
      this.record(tx, act, 'change', before, after);
      return after;
    });
  }

  /** Gives an endpoint a new secret; the one before signs, too, for a day. @throws EndpointNotFoundError */
  rotateSecret(act: Act, id: number): Promise<EndpointRow> {
    return this.transactions.run(async (tx) => {
      await this.lockOne(tx, id);
      this.endpoints.rotate(tx, id, newSecret(), OLD_SECRET_HOURS);
      // Never the secrets themselves.
      const [before, after] = [{ secret: 'old' }, { secret: 'new' }];
      this.audit.record(tx, act, { target: 'endpoint', id, verb: 'rotate', before, after });
      return this.lockOne(tx, id);
    });
  }

  /** Nothing more is sent to it; what it was told is kept for as long as ever. @throws EndpointNotFoundError */
  deleteEndpoint(act: Act, id: number): Promise<void> {
    return this.transactions.run(async (tx) => {
      const row = await this.lockOne(tx, id);
      this.endpoints.delete(tx, id);
      this.audit.record(tx, act, {
        target: 'endpoint',
        id,
        verb: 'delete',
        before: fieldsOf(row),
        after: null,
      });
    });
  }

  /** @throws EndpointNotFoundError */
  async listDeliveries(id: number, status: DeliveryStatus | null, page: PageRequest): Promise<Page<LoggedDelivery>> {
    await this.getEndpoint(id);
    const { rows, nextCursor } = await readPage(page, (range) => this.deliveries.findPage(id, status, range));
    return { rows: await this.withEvents(rows), nextCursor };
  }

  /** Has an event sent to its endpoint again, whatever became of it before. @throws EndpointNotFoundError, DeliveryNotFoundError */
  async redeliver(act: Act, endpointId: number, id: number): Promise<LoggedDelivery> {
    await this.transactions.run(async (tx) => {
      await this.lockOne(tx, endpointId);
      const status = await this.deliveries.lockStatus(tx, endpointId, id);
      if (status === null) throw new DeliveryNotFoundError(id);
      this.deliveries.setDue(tx, id);
      const after = { delivery: id, status: 'pending' };
      const fields = { before: { status }, after };
      this.audit.record(tx, act, { target: 'endpoint', id: endpointId, verb: 'redeliver', ...fields });
    });
    const [delivery] = await this.withEvents([(await this.deliveries.findById(endpointId, id))!]);
    return delivery!;
  }

  /** Forgets what endpoints answered to the events of these orders, where this text stands in it: some send back what came. */
  async forgetAnswers(tx: Transaction, holdIds: readonly string[], text: string): Promise<void> {
    if (holdIds.length > 0) await this.deliveries.forgetAnswers(tx, holdIds, text);
  }

  /** How many endpoints take nothing, or were disabled for that. */
  countFailing(): Promise<number> {
    return this.endpoints.countFailing();
  }

  /** Deletes one step of deliveries of more than `days` days ago. @returns how many were deleted. */
  purgeDeliveries(days: number, step: number): Promise<number> {
    return this.deliveries.deleteBefore(days, step);
  }

  private async withEvents(deliveries: readonly DeliveryRow[]): Promise<LoggedDelivery[]> {
    const events = await this.events.findBySequence(deliveries.map(({ sequence }) => sequence));
    return deliveries.map((delivery) => ({ delivery, event: events.get(delivery.sequence) ?? null }));
  }

  private async takeUpFailed({ id, disabledAt, failingSince }: EndpointRow): Promise<void> {
    if (disabledAt === null || failingSince === null) return;
    for (let count = STEP; count === STEP;) count = await this.deliveries.setFailedDue(id, failingSince, STEP);
  }

  private record(tx: Transaction, act: Act, verb: string, before: EndpointRow | null, after: EndpointRow): void {
    const fields = [before && fieldsOf(before), fieldsOf(after)] as const;
    this.audit.record(tx, act, { target: 'endpoint', id: after.id, verb, before: fields[0], after: fields[1] });
  }

  private async lockOne(tx: Transaction, id: number): Promise<EndpointRow> {
    const row = await this.endpoints.lock(tx, id);
    if (row === null) throw new EndpointNotFoundError(id);
    return row;
  }

  /** What leads nowhere now may lead somewhere later, and is checked at each try. */
  private async check(url: string): Promise<void> {
    // The pattern lets numbers through that no port and no address has.
    if (!URL.canParse(url)) throw refusedUrl('must be an address such as https://shop.example/hooks');
    const isPlain = !url.startsWith('https:');
    if (isPlain && !this.config.deliveries.isPrivateAllowed) throw refusedUrl('must begin with https://');
    try {
      await this.sender.check(url);
    } catch (error) {
      if (error instanceof AddressRefusedError) throw refusedUrl('must lead to a public address');
    }
  }
}

function refusedUrl(message: string): ValidationError {
  return new ValidationError(`The body is not valid: url ${message}.`, [{ field: 'url', message }]);
}

/** Never the secret. */
function fieldsOf({ url, types, disabledAt }: EndpointRow): AuditFields {
  return { url, types, disabled: disabledAt !== null };
}

function isSame(one: readonly string[] | null, other: readonly string[] | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** `whsec_` and random bytes in Base64. */
export function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}
