import { Injectable } from '@nestjs/common';
import type { RowRange } from '../../database/row-range.js';
import { NUMBER_MAX } from '../../database/row-range.js';
import { type Page, type PageRequest, toRowRange } from '../../http/page.js';
import { OrderNotFoundError } from '../../orders/orders.errors.js';
import { orderIdOfReference, paymentReferenceOf } from '../../payment-providers/payment-reference.js';
import { RefundsService } from '../../refunds/refunds.service.js';
import { WebhooksService } from '../../webhooks/webhooks.service.js';
import { OrderListRepository } from './order-list.repository.js';
import type { OrderDetail, OrderFilter, OrderView } from './order-list.types.js';

/** Orders that one statement looks at where no index leads to those that are wanted: some hundredths of a second. */
const WALK_STEP = 20_000;

/** Such statements for one page, which then may have fewer orders than were asked for, and tells where to go on. */
const WALK_STEPS_MAX = 10;

/** Orders in one state that are read all for each page: of more, an order by number would have to be made each time. */
const RARE_MAX = 5000;

/** Orders of a stream that are in memory at a time. */
const STREAM_STEP = 500;

const ANY_ORDER: OrderFilter = {
  status: null,
  productId: null,
  saleId: null,
  customerId: null,
  reference: null,
  transactionId: null,
  holdId: null,
  paymentReference: null,
  isDisputed: false,
};

/** Which orders are read, and how. */
interface Search {
  readonly filter: OrderFilter;
  /** These alone; null: all. */
  readonly ids: readonly number[] | null;
  readonly range: RowRange;
  /** Whether no index leads to them, so that orders are looked at one after the other. */
  readonly isWalk: boolean;
  /** The last of the orders that are looked at by now; null: not known yet. */
  readonly edge: number | null;
}

/** Some orders, and the number up to which all are told; null: there are no more. */
interface Part {
  readonly orders: OrderView[];
  readonly through: number | null;
  /** Where some of those that were looked at are left. */
  readonly edge: number | null;
}

const START: Part = { orders: [], through: null, edge: null };

/** Orders as operators see them: found by what is known of them, one with all that happened to it, or all as a stream. */
@Injectable()
export class OrderList {
  constructor(
    private readonly list: OrderListRepository,
    private readonly refunds: RefundsService,
    private readonly webhooks: WebhooksService,
  ) {}

  /** A page of the orders. One that many others lie between may come on a later page, though this one is not full. */
  async listOrders(filter: OrderFilter, page: PageRequest): Promise<Page<OrderView>> {
    const search = await this.searchFor(filter, toRowRange(page));
    const rows: OrderView[] = [];
    let part = START;
    for (let steps = 0; steps < WALK_STEPS_MAX; steps++) {
      part = await this.read(behind(search, part, page.limit + 1 - rows.length));
      rows.push(...part.orders);
      if (rows.length > page.limit) return { rows: rows.slice(0, page.limit), nextCursor: String(rows.at(-2)!.id) };
      if (part.through === null) break;
    }
    return { rows, nextCursor: part.through === null ? null : String(part.through) };
  }

  /** All orders, some at a time: the next are read once somebody asks for them. */
  async *streamOrders(filter: OrderFilter, page: PageRequest): AsyncGenerator<OrderView[], void> {
    const search = await this.searchFor(filter, toRowRange(page));
    let part = START;
    do {
      part = await this.read(behind(search, part, STREAM_STEP));
      if (part.orders.length > 0) yield part.orders;
    } while (part.through !== null);
  }

  /** @throws OrderNotFoundError */
  async getOrder(id: number): Promise<OrderDetail> {
    const only = { above: 0, below: NUMBER_MAX, from: null, to: null, order: 'ASC', limit: 1 } as const;
    const [[order], events, refunds] = await Promise.all([
      this.list.find(ANY_ORDER, [id], only),
      this.webhooks.findEventsOf(id),
      this.refunds.findRefundsOf(id),
    ]);
    if (order === undefined) throw new OrderNotFoundError(id);
    return { order, events, refunds };
  }

  private async searchFor(filter: OrderFilter, range: RowRange): Promise<Search> {
    const { status, productId, saleId, customerId, reference, transactionId, holdId, paymentReference } = filter;
    const { isDisputed } = filter;
    const ofTransaction = transactionId === null ? null : await this.list.findIdsByTransaction(transactionId);
    const ofReference = paymentReference === null ? null : [orderIdOfReference(paymentReference) ?? 0];
    const ids = ofReference?.filter((id) => ofTransaction?.includes(id) ?? true) ?? ofTransaction;
    const isIndexed = ids !== null || isDisputed || customerId !== null || reference !== null || holdId !== null;
    const isNarrow = isIndexed || (status !== null && (await this.list.isRare(status, RARE_MAX)));
    const isWalk = !isNarrow && (status !== null || productId !== null || saleId !== null);
    return { filter, ids, range: await this.list.narrow(range), isWalk, edge: null };
  }

  private async read({ filter, ids, range, isWalk, edge: known }: Search): Promise<Part> {
    const edge = isWalk ? (known ?? (await this.list.findEdge(range, WALK_STEP))) : null;
    if (isWalk && edge === null) return START;
    const found = await this.list.find(filter, ids, edge === null ? range : upTo(range, edge));
    const { paymentReference } = filter;
    // A number that was given again after a restore is another order's.
    const orders =
      paymentReference === null
        ? found
        : found.filter(({ id, hold_id }) => paymentReferenceOf(id, hold_id) === paymentReference);
    return found.length === range.limit
      ? { orders, through: found.at(-1)!.id, edge }
      : { orders, through: edge, edge: null };
  }
}

/** The search for what follows on a part. */
function behind(search: Search, { through, edge }: Part, limit: number): Search {
  const { range } = search;
  const rest = through === null ? {} : range.order === 'ASC' ? { above: through } : { below: through };
  return { ...search, edge, range: { ...range, ...rest, limit } };
}

function upTo(range: RowRange, edge: number): RowRange {
  return range.order === 'ASC' ? { ...range, below: edge + 1 } : { ...range, above: edge - 1 };
}
