import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../../access/audit.service.js';
import type { Buyer } from '../../access/caller.js';
import type { Act } from '../../access/operator.js';
import { backoffWithJitterMs, retry, type RetryPolicy } from '../../common/retry.js';
import { CONFIG, type Config } from '../../config/config.js';
import { addSeconds, isoTime } from '../../database/sql.js';
import { type Transaction, Transactions } from '../../database/transactions.js';
import type { GroupCommit } from '../../engine/group-commit.js';
import { GroupCommits } from '../../engine/group-commits.js';
import { rowName } from '../../engine/row-locks.js';
import type { KeyedRequest, StoredKey } from '../../idempotency/idempotency-key.js';
import { IdempotencyKeyReusedError } from '../../idempotency/idempotency.errors.js';
import { IdempotencyService, type Recalled } from '../../idempotency/idempotency.service.js';
import { ProductsService } from '../../products/products.service.js';
import type { StockLedger } from '../../products/stock-ledger.js';
import type { CustomerHold } from '../customer-holds.repository.js';
import { CustomerLimits, type LimitedUnits, type WantedUnits } from '../customer-limits.js';
import { LimitInDoubtError, SaleNotLockedError, UnitsOnTheirWayError } from '../holds.errors.js';
import { HoldsRepository } from '../holds.repository.js';
import type { PricedHoldRow } from '../holds.types.js';
import { Releasing } from '../releasing/releasing.js';
import type { GrantFacts, NewHold, Override } from './grant-facts.js';
import { Door, instant } from './door.js';
import { decideHold } from './grant-rules.js';

/** About a second and a half: longer than a sweep keeps the expired holds of one of its steps. */
const DECIDED_ANEW: RetryPolicy = {
  triesMax: 10,
  isTransient: (error) =>
    error instanceof UnitsOnTheirWayError || error instanceof LimitInDoubtError || error instanceof SaleNotLockedError,
  delayMs: backoffWithJitterMs,
  sleep: (ms) => new Promise((wake) => setTimeout(wake, ms)),
};

/** What requests of the batch got before, by the ids that they would give their holds now. */
type Earlier = ReadonlyMap<string, PricedHoldRow | Error>;

interface Gathered {
  readonly facts: GrantFacts;
  readonly earlier: Earlier;
}

interface Decided {
  /** One for each request, in their order. */
  readonly outcomes: readonly (PricedHoldRow | Error)[];
  readonly granted: readonly PricedHoldRow[];
  /** Whose they are, of those that have a buyer. */
  readonly owned: readonly CustomerHold[];
  /** Of what is granted. */
  readonly keys: readonly StoredKey[];
  /** Those that operators made. */
  readonly byHand: readonly HandMade[];
}

interface HandMade {
  readonly act: Act;
  readonly hold: PricedHoldRow;
  readonly override: readonly Override[];
}

/** Who gets a hold: the group commit of the requests for holds, in five steps. Why one is refused: `grant-rules.ts`. */
@Injectable()
export class Granting {
  private readonly line: GroupCommit<NewHold, PricedHoldRow>;

  constructor(
    private readonly holds: HoldsRepository,
    private readonly limits: CustomerLimits,
    private readonly releasing: Releasing,
    private readonly door: Door,
    private readonly products: ProductsService,
    private readonly idempotency: IdempotencyService,
    private readonly audit: AuditService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
    groupCommits: GroupCommits,
  ) {
    this.line = groupCommits.create(
      'holds',
      (batch, mayHaveCommitted) => this.commit(batch, mayHaveCommitted),
      (batch) => this.findRows(batch),
    );
  }

  /**
   * Answers after the commit. Where units are on their way to be available, it asks again for a while. Whom time alone
   * refuses is refused at once.
   */
  submit(hold: NewHold): Promise<PricedHoldRow> {
    const refusal = this.door.refusal(hold);
    // A turn later, with all others that came in this one: an answer between two requests has the machine go to and fro
    // between this process and its clients, and costs twice as much.
    if (refusal !== null) return new Promise((_, refuse) => setImmediate(refuse, refusal));
    return retry(() => this.line.submit(hold), DECIDED_ANEW);
  }

  /** What the request's key made before, as it was answered first; null: nothing. It locks nothing, and grants nothing. */
  recall(hold: NewHold): Promise<PricedHoldRow | null> {
    return this.transactions.once(async (tx) => {
      const recalled = await this.idempotency.recall(tx, 'holds', [hold.keyed]);
      const earlier = (await this.findEarlier(tx, [hold], recalled, false)).get(hold.id);
      if (earlier instanceof Error) throw earlier;
      return earlier ?? null;
    });
  }

  /**
   * One transaction that decides a batch of requests, first come first served.
   *
   * It can't oversell: the product rows are locked by its first statement, so the figures that the ledger
   * starts from can't change until COMMIT, and the CHECK constraint refuses a sum that is wrong all the same.
   * What customers have is counted under the same locks, and over a sale under the sale's, which is locked before its
   * products: nobody else grants to them meanwhile. A product that has come into such a sale since is not counted, and its
   * requests are decided again, by a batch that locks that sale; the batch itself goes on.
   * It can't answer too early: outcomes are returned after COMMIT was answered. If the process dies before,
   * the server rolls back; if it dies after, the holds expire by themselves.
   */
  private commit(batch: readonly NewHold[], mayHaveCommitted: boolean): Promise<readonly (PricedHoldRow | Error)[]> {
    return this.transactions.once(async (tx) => {
      const gathered = await this.gather(tx, batch, mayHaveCommitted);
      const decided = decide(batch, gathered);
      // What is told after the commit, readers' figures and counts, is queued with what it tells of.
      this.write(tx, decided, gathered.facts);
      await tx.commit();
      return decided.outcomes;
    });
  }

  /** Locks sales and products first, so that all that is read with and after them stays true. */
  private async gather(tx: Transaction, batch: readonly NewHold[], mayHaveCommitted: boolean): Promise<Gathered> {
    const wanted = batch.flatMap(wantedUnits);
    const askedAt = instant();
    const [limitedSales, { ledger, now }, recalled, customers] = await Promise.all([
      this.limits.lockSales(tx, wanted),
      this.products.lockStock(
        tx,
        batch.map((hold) => hold.product_id),
      ),
      this.idempotency.recall(
        tx,
        'holds',
        batch.map((hold) => hold.keyed),
      ),
      this.limits.count(tx, wanted),
    ]);
    this.door.note(now, askedAt);
    const earlier = await this.findEarlier(tx, batch, recalled, mayHaveCommitted);
    const undecided = earlier.size === 0 ? batch : batch.filter((hold) => !earlier.has(hold.id));
    const limited = undecided.flatMap(wantedUnits).flatMap((want) => limitedUnits(want, ledger));
    await this.limits.leaveOutExpired(tx, limited, customers);
    const onTheirWay = await this.releasing.takeBackExpired(tx, ledger, undecided);
    const { ttlSeconds, extensions } = this.config.holds;
    const endAfter = endsFrom(now, ttlSeconds);
    const facts = { ledger, now, endAfter, extensions, customers, limitedSales, onTheirWay };
    return { facts, earlier };
  }

  /** The names of the rows that each request needs locked: only a customer's needs that of a sale. */
  private async findRows(batch: readonly NewHold[]): Promise<string[][]> {
    const sales = await this.products.findLimitedSales(batch.flatMap(wantedUnits).map(({ product_id }) => product_id));
    return batch.map(({ product_id, buyer }) => {
      const sale = buyer === null ? undefined : sales.get(product_id);
      return [rowName.product(product_id), ...(sale === undefined ? [] : [rowName.sale(sale)])];
    });
  }

  private write(tx: Transaction, { granted, owned, keys, byHand }: Decided, { ledger }: GrantFacts): void {
    this.holds.insert(tx, granted);
    if (byHand.length > 0) this.writeByHand(tx, byHand);
    this.limits.remember(tx, owned);
    this.idempotency.remember(tx, 'holds', keys);
    this.products.writeStock(tx, ledger);
  }

  /** What an operator makes lasts as long as he says, and no longer. */
  private writeByHand(tx: Transaction, byHand: readonly HandMade[]): void {
    this.holds.useUpExtensions(
      tx,
      byHand.map(({ hold }) => hold.id),
    );
    for (const { act, hold, override } of byHand) {
      const { id, product_id, qty: quantity, customer_id, sale_id, expires_at } = hold;
      const after = { product_id, quantity, customer_id, sale_id, expires_at: isoTime(expires_at), override };
      this.audit.record(tx, act, { target: 'hold', id, verb: 'create', before: null, after });
    }
  }

  /**
   * What requests of this batch got before: by an earlier request with their key, or by an earlier try of this
   * batch that committed without learning of it. That try has ended: now that the products' locks are ours, what
   * it wrote is either visible or was rolled back.
   */
  private async findEarlier(
    tx: Transaction,
    batch: readonly NewHold[],
    recalled: ReadonlyMap<KeyedRequest | null, Recalled>,
    mayHaveCommitted: boolean,
  ): Promise<Earlier> {
    if (recalled.size === 0 && !mayHaveCommitted) return new Map();
    const wanted = batch.map((hold) => recalled.get(hold.keyed) ?? (mayHaveCommitted ? hold.id : null));
    const ids = wanted.filter((id) => typeof id === 'string');
    const found = ids.length === 0 ? [] : await this.holds.findByIds(tx, ids);
    const rows = new Map(found.map((row) => [row.id, row]));
    return new Map(batch.flatMap((hold) => toEarlier(hold, recalled.get(hold.keyed), rows)));
  }
}

/** One request after the other; each sees what those before it took. */
function decide(batch: readonly NewHold[], { facts, earlier }: Gathered): Decided {
  const granted: PricedHoldRow[] = [];
  const owned: CustomerHold[] = [];
  const keys: StoredKey[] = [];
  const byHand: HandMade[] = [];
  const outcomes = batch.map((hold) => {
    const known = earlier.get(hold.id);
    if (known !== undefined) return known;
    const outcome = decideHold(hold, facts);
    if (outcome instanceof Error) return outcome;
    granted.push(outcome);
    if (hold.buyer !== null) owned.push(customerHold(outcome, hold.buyer));
    if (hold.keyed !== null) keys.push({ ...hold.keyed, reference: hold.id });
    if (hold.byHand !== null) byHand.push({ act: hold.byHand.act, hold: outcome, override: hold.byHand.override });
    return outcome;
  });
  return { outcomes, granted, owned, keys, byHand };
}

/** When holds end that begin now, by how long they last: worked out once for all of a batch that last as long. */
function endsFrom(now: string, ttlSeconds: number): GrantFacts['endAfter'] {
  const known = new Map<number, string>();
  return (seconds = ttlSeconds) => {
    const end = known.get(seconds) ?? addSeconds(now, seconds);
    known.set(seconds, end);
    return end;
  };
}

/** What a buyer asks for; nobody else is counted. */
function wantedUnits({ product_id, qty, buyer }: NewHold): WantedUnits[] {
  return buyer === null ? [] : [{ limit_key: buyer.limitKey, product_id, qty }];
}

/** In the limits that the locked row tells; there is none of a product that is not there. */
function limitedUnits(want: WantedUnits, ledger: StockLedger): LimitedUnits[] {
  const row = ledger.product(want.product_id);
  if (row === undefined) return [];
  const { sale_id, max_per_customer: product, sale_max_per_customer: sale } = row;
  return [{ ...want, sale_id, limits: { product, sale } }];
}

function customerHold({ id, product_id, qty, sale_id }: PricedHoldRow, { customerId, limitKey }: Buyer): CustomerHold {
  return { hold_id: id, customer_id: customerId, limit_key: limitKey, product_id, sale_id, units: qty };
}

/** The hold as it was when it was made, which is what its first answer said. */
function toEarlier(
  { id }: NewHold,
  recalled: Recalled | undefined,
  rows: ReadonlyMap<string, PricedHoldRow>,
): [string, PricedHoldRow | Error][] {
  if (recalled instanceof Error) return [[id, recalled]];
  const row = rows.get(recalled ?? id);
  if (row !== undefined) return [[id, { ...row, used: false, released: false, is_expired: false }]];
  // Keys are deleted before what they made, so a key without its hold is not to be expected.
  return recalled === undefined ? [] : [[id, new IdempotencyKeyReusedError()]];
}
