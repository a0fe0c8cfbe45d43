import { expect } from '@jest/globals';
import { Releasing } from '../../src/holds/releasing/releasing.js';
import { driftOf, StockAuditService } from '../../src/operations/stock-audit.service.js';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { bearer, inSeconds as secondsFrom, KeyFile, shopKey, signedToken } from '../support/buyers.js';
import { execute, query } from '../support/database.js';
import { adminHeaders, createProduct, createSale, hex, inSeconds, taken, unique } from '../support/factories.js';
import { type Answer, type Service, startService } from '../support/service.js';
import {
  amountOf,
  CUSTOMERS,
  type Customer,
  groupsOf,
  householdOf,
  inEuros,
  type Product,
  type Sale,
  World,
} from './world.js';

/** The longest that a run may take is far below these: time passes when a step says so. */
const LONG = { HOLD_TTL_SECONDS: '7200', ORDER_PAYMENT_TTL_SECONDS: '86400' };
const EXTENSIONS = 1;

/** The service itself: two instances on one database, and who calls them. */
export class Shop {
  /** How often each kind of call got each kind of answer: a model that never met one proves nothing of it. */
  readonly answers: Record<string, number> = {};

  private constructor(
    private readonly instances: readonly Service[],
    private readonly tokens: ReadonlyMap<Customer | null, Record<string, string>>,
  ) {}

  static async open(): Promise<Shop> {
    const key = shopKey('HS256');
    const env = new KeyFile([key]).env('optional', { ...LONG, HOLD_EXTENSIONS: String(EXTENSIONS) });
    const instances = [await startService(env), await startService(env)];
    const tokens = await Promise.all(
      CUSTOMERS.map(async (sub) => {
        const claims = { sub, limit_key: householdOf(sub), groups: groupsOf(sub), exp: secondsFrom(80_000) };
        const token = await signedToken(key, claims);
        return [sub, bearer(token)] as const;
      }),
    );
    return new Shop(instances, new Map<Customer | null, Record<string, string>>([...tokens, [null, {}]]));
  }

  /** Products and sales of their own for a run: one sale is open, one starts later. */
  async furnish(): Promise<World> {
    // What waited for an order of an earlier run is not for the next one of this run.
    await execute("DELETE FROM webhook_logs WHERE status = 'pending_order'");
    const sales = [await this.addSale(true, 2), await this.addSale(false, 0)];
    const products = [
      await this.addProduct(1, 1000, null),
      await this.addProduct(2, 1999, sales[0]!, 1),
      await this.addProduct(2, 50, sales[1]!),
      await this.addProduct(2, 0, null),
    ];
    return new World(products, sales, unique('model'));
  }

  /** What a buyer calls, at either instance. */
  async call(
    as: Customer | null,
    instance: number,
    method: string,
    path: string,
    body?: object,
    key: string | null = null,
  ): Promise<Answer> {
    const headers = { ...this.tokens.get(as), ...(key !== null && { 'idempotency-key': key }) };
    return this.count(method, path, await this.instances[instance]!.call(method, path, body, headers));
  }

  /** What an operator calls. */
  async operate(
    method: string,
    path: string,
    body?: object,
    { at = 0, key = null }: { at?: number; key?: string | null } = {},
  ): Promise<Answer> {
    const to = this.instances[at]!;
    const headers = { ...adminHeaders(to), ...(key !== null && { 'idempotency-key': key }) };
    return this.count(method, path, await to.call(method, path, body, headers));
  }

  releaseExpired(): Promise<number> {
    return this.first.app.get(Releasing).releaseAllExpiredHolds();
  }

  cancelDue(): Promise<number> {
    return this.first.app.get(Cancelling).cancelDueOrders();
  }

  /** Applies the notices that wait for an order which is there by now. */
  async reconcile(): Promise<void> {
    await this.first.app.get(WebhooksService).reconcilePendingNotices();
  }

  /** The number that the next order gets. */
  async nextOrderId(): Promise<number> {
    const [row] = await query<{ next: string }>('SELECT COALESCE(MAX(id), 0) + 1 AS next FROM orders');
    return Number(row!.next);
  }

  /** Holds what the database says against what should be. */
  async expectSame(world: World): Promise<void> {
    const [products, orders, refunds] = await Promise.all([
      query<ProductFigures>(`SELECT id, stock_total, stock_held, stock_sold FROM products WHERE id IN (?)`, [
        world.products.map(({ id }) => id),
      ]),
      rowsOf(
        world.holds,
        `SELECT id, LOWER(HEX(hold_id)) AS hold, status, cancel_reason, amount, quantity_sold FROM orders WHERE hold_id IN (?)`,
        world.holds.map(({ id }) => Buffer.from(hex(id), 'hex')),
      ),
      rowsOf(
        world.orders,
        'SELECT order_id, transaction_id, amount, cause, status FROM refunds WHERE order_id IN (?)',
        world.orders.map(({ id }) => id),
      ),
    ]);
    for (const figures of products) expectFigures(world, figures);
    expect(sorted(orders)).toEqual(
      sorted(
        world.orders.map(({ id, hold, status, cancelReason, quantitySold }) => ({
          id,
          hold: hex(hold.id),
          status,
          cancel_reason: cancelReason,
          amount: `${amountOf(hold)}0`,
          quantity_sold: quantitySold,
        })),
      ),
    );
    expect(sorted(refunds)).toEqual(
      sorted(
        world.orders.flatMap(({ id, debts }) =>
          debts.map(({ transaction, cents, cause, isBack }) => ({
            order_id: id,
            transaction_id: transaction,
            amount: `${inEuros(cents)}0`,
            cause,
            status: isBack ? 'confirmed' : 'due',
          })),
        ),
      ),
    );
  }

  /** The identity at the end of a run, as `stock:audit` recounts it from the rows. */
  async expectAudited(world: World): Promise<void> {
    await this.releaseExpired();
    for (const product of world.products) {
      const [proof] = await this.first.app.get(StockAuditService).auditStock(product.id);
      expect(driftOf(proof!)).toBe(0);
      expect(proof).toMatchObject({
        stock_total: product.total,
        proven_held: world.held(product),
        proven_sold: world.sold(product),
      });
    }
  }

  private count(method: string, path: string, answer: Answer): Answer {
    const { code, reason, result, order_status: status } = answer.body;
    const call = `${method} ${path.replaceAll(/\/[0-9a-f-]+(?=\/|$)/g, '/…')}`;
    const kind = [
      call,
      answer.status,
      ...[code, reason, result, status].filter((word) => typeof word === 'string'),
    ].join(' ');
    this.answers[kind] = (this.answers[kind] ?? 0) + 1;
    return answer;
  }

  private get first(): Service {
    return this.instances[0]!;
  }

  private async addSale(hasStarted: boolean, extensions: number): Promise<Sale> {
    const start = hasStarted ? {} : { starts_at: inSeconds(7200) };
    const { id, starts_at: startsAt } = await createSale(this.first, { ...start, hold_extensions: extensions });
    return { id, extensions, limit: null, startsAt, early: [], hasStarted, hasEnded: false, isPaused: false };
  }

  private async addProduct(total: number, price: number, sale: Sale | null, limit: number | null = null) {
    const { id } = await createProduct(this.first, {
      stock_total: total,
      price: inEuros(price),
      sale_id: sale?.id ?? null,
      max_per_customer: limit,
    });
    const product: Product = { id, total, price, isArchived: false, limit, sale };
    return product;
  }
}

/** How often a hold of a product can be extended. */
export function extensionsOf({ sale }: Product): number {
  return sale?.extensions ?? EXTENSIONS;
}

/** An answer must have this status, and at least these fields. */
export function expectAnswer(answer: Answer, expected: { readonly status: number; readonly body?: object }): void {
  const { status, body } = answer;
  expect({ status, body }).toMatchObject({ status: expected.status, body: expected.body ?? {} });
}

/** A call that an operator may make. */
export async function operated(answer: Promise<Answer>): Promise<void> {
  taken(await answer, 200);
}

interface ProductFigures {
  readonly id: number;
  readonly stock_total: number;
  readonly stock_held: number;
  readonly stock_sold: number;
}

/** Units of holds that have expired count as held until somebody takes them back. */
function expectFigures(world: World, { id, stock_total, stock_held, stock_sold }: ProductFigures): void {
  const product = world.products.find((one) => one.id === id)!;
  expect({ stock_total, stock_sold }).toEqual({ stock_total: product.total, stock_sold: world.sold(product) });
  const held = world.held(product);
  expect(stock_held).toBeGreaterThanOrEqual(held);
  expect(stock_held).toBeLessThanOrEqual(held + world.expired(product));
}

/** Nothing is asked of a list that has nothing. */
async function rowsOf<Row extends object>(list: readonly unknown[], sql: string, ids: unknown[]): Promise<Row[]> {
  return list.length === 0 ? [] : query<Row>(sql, [ids]);
}

function sorted(rows: readonly object[]): object[] {
  const text = (row: object): string => JSON.stringify(row, Object.keys(row).sort());
  return [...rows].sort((a, b) => text(a).localeCompare(text(b)));
}
