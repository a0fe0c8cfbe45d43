import { beforeAll, describe, expect, it } from '@jest/globals';
import { Cancelling } from '../../src/orders/settling/cancelling.js';
import { WebhooksService } from '../../src/webhooks/webhooks.service.js';
import { query } from '../support/database.js';
import { expectStockIdentity } from '../support/expectations.js';
import {
  createHold,
  createProduct,
  hex,
  notify,
  orderOf,
  passDeadline,
  refundsOf,
  requestHold,
  requestOrder,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { type Service, startService } from '../support/service.js';

/**
 * Every order in which these five can happen to a hold of one unit:
 *
 *     O  the order is made of the hold            F  a payment of it failed
 *     S  a payment of it succeeded                D  its payment deadline passes
 *     T  another payment of it succeeded
 *
 * Each notice is sent twice. A line says how it ends: which payment paid the order, if any, and which are owed
 * back. First when nobody else wants the unit; then when another buyer takes it the moment that it is free.
 */
const TABLE = `
  order | nobody else | another buyer
  OSTFD | S owed T   | S owed T
  OSTDF | S owed T   | S owed T
  OSFTD | S owed T   | S owed T
  OSFDT | S owed T   | S owed T
  OSDTF | S owed T   | S owed T
  OSDFT | S owed T   | S owed T
  OTSFD | T owed S   | T owed S
  OTSDF | T owed S   | T owed S
  OTFSD | T owed S   | T owed S
  OTFDS | T owed S   | T owed S
  OTDSF | T owed S   | T owed S
  OTDFS | T owed S   | T owed S
  OFSTD | S owed T   | - owed S,T
  OFSDT | S owed T   | - owed S,T
  OFTSD | T owed S   | - owed T,S
  OFTDS | T owed S   | - owed T,S
  OFDST | S owed T   | - owed S,T
  OFDTS | T owed S   | - owed T,S
  ODSTF | S owed T   | - owed S,T
  ODSFT | S owed T   | - owed S,T
  ODTSF | T owed S   | - owed T,S
  ODTFS | T owed S   | - owed T,S
  ODFST | S owed T   | - owed S,T
  ODFTS | T owed S   | - owed T,S
  SOTFD | S owed T   | S owed T
  SOTDF | S owed T   | S owed T
  SOFTD | S owed T   | S owed T
  SOFDT | S owed T   | S owed T
  SODTF | S owed T   | S owed T
  SODFT | S owed T   | S owed T
  STOFD | S owed T   | S owed T
  STODF | S owed T   | S owed T
  STFOD | S owed T   | S owed T
  STFDO | S owed T   | S owed T
  STDOF | S owed T   | S owed T
  STDFO | S owed T   | S owed T
  SFOTD | S owed T   | S owed T
  SFODT | S owed T   | S owed T
  SFTOD | S owed T   | S owed T
  SFTDO | S owed T   | S owed T
  SFDOT | S owed T   | S owed T
  SFDTO | S owed T   | S owed T
  SDOTF | S owed T   | S owed T
  SDOFT | S owed T   | S owed T
  SDTOF | S owed T   | S owed T
  SDTFO | S owed T   | S owed T
  SDFOT | S owed T   | S owed T
  SDFTO | S owed T   | S owed T
  TOSFD | T owed S   | T owed S
  TOSDF | T owed S   | T owed S
  TOFSD | T owed S   | T owed S
  TOFDS | T owed S   | T owed S
  TODSF | T owed S   | T owed S
  TODFS | T owed S   | T owed S
  TSOFD | T owed S   | T owed S
  TSODF | T owed S   | T owed S
  TSFOD | T owed S   | T owed S
  TSFDO | T owed S   | T owed S
  TSDOF | T owed S   | T owed S
  TSDFO | T owed S   | T owed S
  TFOSD | T owed S   | T owed S
  TFODS | T owed S   | T owed S
  TFSOD | T owed S   | T owed S
  TFSDO | T owed S   | T owed S
  TFDOS | T owed S   | T owed S
  TFDSO | T owed S   | T owed S
  TDOSF | T owed S   | T owed S
  TDOFS | T owed S   | T owed S
  TDSOF | T owed S   | T owed S
  TDSFO | T owed S   | T owed S
  TDFOS | T owed S   | T owed S
  TDFSO | T owed S   | T owed S
  FOSTD | S owed T   | - owed S,T
  FOSDT | S owed T   | - owed S,T
  FOTSD | T owed S   | - owed T,S
  FOTDS | T owed S   | - owed T,S
  FODST | S owed T   | - owed S,T
  FODTS | T owed S   | - owed T,S
  FSOTD | S owed T   | S owed T
  FSODT | S owed T   | S owed T
  FSTOD | S owed T   | S owed T
  FSTDO | S owed T   | S owed T
  FSDOT | S owed T   | S owed T
  FSDTO | S owed T   | S owed T
  FTOSD | T owed S   | T owed S
  FTODS | T owed S   | T owed S
  FTSOD | T owed S   | T owed S
  FTSDO | T owed S   | T owed S
  FTDOS | T owed S   | T owed S
  FTDSO | T owed S   | T owed S
  FDOST | S owed T   | - owed S,T
  FDOTS | T owed S   | - owed T,S
  FDSOT | S owed T   | S owed T
  FDSTO | S owed T   | S owed T
  FDTOS | T owed S   | T owed S
  FDTSO | T owed S   | T owed S
  DOSTF | S owed T   | S owed T
  DOSFT | S owed T   | S owed T
  DOTSF | T owed S   | T owed S
  DOTFS | T owed S   | T owed S
  DOFST | S owed T   | - owed S,T
  DOFTS | T owed S   | - owed T,S
  DSOTF | S owed T   | S owed T
  DSOFT | S owed T   | S owed T
  DSTOF | S owed T   | S owed T
  DSTFO | S owed T   | S owed T
  DSFOT | S owed T   | S owed T
  DSFTO | S owed T   | S owed T
  DTOSF | T owed S   | T owed S
  DTOFS | T owed S   | T owed S
  DTSOF | T owed S   | T owed S
  DTSFO | T owed S   | T owed S
  DTFOS | T owed S   | T owed S
  DTFSO | T owed S   | T owed S
  DFOST | S owed T   | - owed S,T
  DFOTS | T owed S   | - owed T,S
  DFSOT | S owed T   | S owed T
  DFSTO | S owed T   | S owed T
  DFTOS | T owed S   | T owed S
  DFTSO | T owed S   | T owed S
`;

type Step = 'O' | 'S' | 'T' | 'F' | 'D';

interface End {
  readonly paidBy: string | null;
  readonly owed: readonly string[];
}

const CASES = TABLE.trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('|').map((cell) => cell.trim()) as [steps: string, alone: string, contested: string]);

function endOf(cell: string): End {
  const [paidBy, owed] = cell.split(' owed ');
  return { paidBy: paidBy === '-' ? null : paidBy!, owed: owed!.split(',') };
}

let service: Service;

beforeAll(async () => {
  // What the clock does is a step of its own here.
  service = await startService({ ROLES: 'api' });
});

/** One run through the steps of a line. */
class Sale {
  private otherHold: string | undefined;
  private orderId = 0;

  private constructor(
    readonly productId: number,
    readonly holdId: string,
    private readonly hasOtherBuyer: boolean,
    private readonly names: Readonly<Record<string, string>>,
  ) {}

  static async start(hasOtherBuyer: boolean): Promise<Sale> {
    const product = await createProduct(service, { stock_total: 1 });
    const { hold_id } = await createHold(service, { product_id: product.id });
    const sale = new Sale(product.id, hold_id, hasOtherBuyer, { S: unique('S'), T: unique('T'), F: unique('F') });
    const [next] = await query<{ id: string }>('SELECT COALESCE(MAX(id), 0) + 1 AS id FROM orders');
    sale.orderId = Number(next!.id);
    return sale;
  }

  async take(step: Step): Promise<void> {
    if (step === 'O') await this.makeOrder();
    else if (step === 'D') await this.passDeadline();
    else await this.sendTwice(step);
    await expectStockIdentity(this.productId);
    if (this.hasOtherBuyer) await this.letOtherBuyerTry();
  }

  async end(): Promise<End> {
    const [order] = await query<{ status: string; paid_transaction_id: string | null }>(
      'SELECT status, paid_transaction_id FROM orders WHERE id = ?',
      [this.orderId],
    );
    expect(order!.status).toBe(order!.paid_transaction_id === null ? 'refund_due' : 'paid');
    const refunds = await refundsOf(this.orderId);
    for (const refund of refunds) expect(refund).toMatchObject({ status: 'due', amount: '99.990', currency: 'EUR' });
    const nameOf = (transaction: string): string => transaction.slice(0, 1);
    const paidBy = order!.paid_transaction_id === null ? null : nameOf(order!.paid_transaction_id);
    return { paidBy, owed: refunds.map(({ transaction_id }) => nameOf(transaction_id)).sort() };
  }

  /** The unit is sold exactly if the order is paid; the other buyer's hold, if it was granted, is still theirs. */
  async expectUnit({ paidBy }: End): Promise<void> {
    const isSold = paidBy !== null;
    const isHeld = this.otherHold !== undefined;
    expect(isSold && isHeld).toBe(false);
    expect(await stockOf(this.productId)).toMatchObject({ stock_sold: Number(isSold), stock_held: Number(isHeld) });
    if (!isHeld) return;
    const [hold] = await query('SELECT used, released FROM holds WHERE id = UNHEX(?)', [hex(this.otherHold!)]);
    expect(hold).toEqual({ used: 0, released: 0 });
  }

  private async makeOrder(): Promise<void> {
    const order = taken<{ order_id: number }>(await requestOrder(service, this.holdId), 201);
    expect(order.order_id).toBe(this.orderId);
    await service.app.get(WebhooksService).reconcilePendingNotices();
  }

  private async passDeadline(): Promise<void> {
    await passDeadline(this.orderId);
    await service.app.get(Cancelling).cancelDueOrders();
  }

  private async sendTwice(step: 'S' | 'T' | 'F'): Promise<void> {
    const status = step === 'F' ? 'failed' : 'success';
    const notice = { order_id: this.orderId, status, transaction_id: this.names[step]! } as const;
    const [first, second] = [await notify(service, notice), await notify(service, notice)];
    const isWaiting = (await orderOf(this.holdId)).length === 0;
    expect(first.status).toBe(isWaiting ? 202 : 200);
    expect(second.status).toBe(first.status);
    expect(second.body).toEqual(isWaiting ? first.body : { ...first.body, result: 'duplicate' });
  }

  private async letOtherBuyerTry(): Promise<void> {
    const answer = await requestHold(service, this.productId);
    if (answer.status !== 201) return;
    expect(this.otherHold).toBeUndefined();
    this.otherHold = answer.body.hold_id as string;
    await expectStockIdentity(this.productId);
  }
}

describe('the table', () => {
  it('has every order of the five', () => {
    const orders = new Set(CASES.map(([steps]) => steps));
    expect(orders.size).toBe(120);
    for (const steps of orders) expect([...steps].sort().join('')).toBe('DFOST');
  });
});

describe.each([
  { name: 'while nobody else wants the unit', hasOtherBuyer: false },
  { name: 'while another buyer takes the unit when it is free', hasOtherBuyer: true },
])('$name', ({ hasOtherBuyer }) => {
  it.each(CASES)('%s ends as the table says', async (steps, alone, contested) => {
    const expected = endOf(hasOtherBuyer ? contested : alone);
    const sale = await Sale.start(hasOtherBuyer);
    for (const step of steps) await sale.take(step as Step);
    expect(await sale.end()).toEqual({ ...expected, owed: [...expected.owed].sort() });
    await sale.expectUnit(expected);
    await expectStockIdentity(sale.productId);
  });
});
