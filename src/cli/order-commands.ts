import { actOfCli } from '../access/operator.js';
import type { Config } from '../config/config.js';
import { toPageRequest } from '../http/page.js';
import { toAdminOrderDto } from '../operations/orders/dto/admin-order.dto.js';
import { type OrderQuery, toOrderFilter } from '../operations/orders/dto/order-query.dto.js';
import { OrderList } from '../operations/orders/order-list.js';
import type { OrderFilter, OrderView } from '../operations/orders/order-list.types.js';
import { Cancelling } from '../orders/settling/cancelling.js';
import { ReturnDto, toWantedReturn } from '../refunds/dto/return.dto.js';
import { Returning } from '../refunds/returning.js';
import { withServices } from './app-context.js';
import { print, printTable } from './output.js';
import { validated } from './validated.js';

/** What operators do with orders from the command line. */

/** Orders that are printed: who wants all takes the file. */
const PRINTED_MAX = 100;

/** Prints the newest orders that fit. */
export async function listOrders(
  config: Config,
  { disputed, ...named }: Record<'status' | 'customer' | 'reference' | 'transaction', string> & { disputed?: boolean },
): Promise<void> {
  const { status, customer, reference, transaction } = named;
  const marks = { status, customer_id: customer, reference, transaction_id: transaction } as OrderQuery;
  const query: OrderQuery = disputed === true ? { ...marks, disputed: 'true' } : marks;
  const orders = await withServices(config, (app) => findNewest(app.get(OrderList), toOrderFilter(query)));
  if (orders.length === 0) return print('There are no such orders.');
  printTable(orders.map(toLine));
}

/** The newest orders that fit, at most {@link PRINTED_MAX}, however many others lie between them. */
async function findNewest(list: OrderList, filter: OrderFilter): Promise<OrderView[]> {
  const newest: OrderView[] = [];
  for await (const orders of list.streamOrders(filter, toPageRequest({ order: 'desc' }))) {
    newest.push(...orders);
    if (newest.length >= PRINTED_MAX) break;
  }
  return newest.slice(0, PRINTED_MAX);
}

export async function cancelOrder(config: Config, id: number): Promise<void> {
  await withServices(config, (app) => app.get(Cancelling).cancelOrder(actOfCli(), id));
  print(`Order ${id} is cancelled; its units are available again.`);
}

export async function returnOrder(
  config: Config,
  id: number,
  { quantity, amount, restock }: { quantity?: number; amount?: string; restock: string },
): Promise<void> {
  const given = { ...(quantity !== undefined && { quantity }), ...(amount !== undefined && { amount }) };
  const wanted = toWantedReturn(await validated(ReturnDto, { ...given, restock: restock === 'yes' }));
  const { order } = await withServices(config, async (app) => {
    await app.get(Returning).returnUnits(actOfCli(), id, wanted);
    return app.get(OrderList).getOrder(id);
  });
  print(`Of order ${id} ${order.quantity_sold} units count as sold; refunds:list has what is owed back.`);
  printTable([toLine(order)]);
}

function toLine(order: OrderView): Record<string, string | number | null> {
  const { order_id, status, customer_id, reference, product_name, quantity, quantity_sold, amount, currency, payment } =
    toAdminOrderDto(order);
  return {
    ...{ id: order_id, status, customer: customer_id, reference, product: product_name },
    ...{ quantity, sold: quantity_sold, amount, currency },
    transaction: payment && payment.transaction_id,
    back: payment && payment.amount_refunded,
  };
}
