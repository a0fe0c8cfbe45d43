import { print } from './output.js';
import type { Answer, SaleClient } from '../operations/rush/sale-client.js';

/** What a walk has made so far. */
export interface WalkTraces {
  /** Null when it is certain that no product was made. */
  productName: string | null;
  /** Null until the service has told it. */
  productId: number | null;
  readonly holdIds: string[];
}

/**
 * Takes back what a walk made, each thing whatever becomes of the others, and names what stays. The product goes first,
 * so that no buyer finds it any more.
 *
 * @returns whether nothing stays but orders that are paid, which no call takes back.
 */
export async function takeBack(client: SaleClient, traces: WalkTraces): Promise<boolean> {
  const results = [await takeProductBack(client, traces)];
  for (const id of traces.holdIds) results.push(await takeHoldBack(client, id));
  return results.every((isDone) => isDone);
}

async function takeProductBack(client: SaleClient, { productId, productName }: WalkTraces): Promise<boolean> {
  if (productId === null) {
    if (productName === null) return true;
    return stays(`perhaps a product "${productName}": no answer told its number. Archive it if it is listed.`);
  }
  const archived = await answerOf(client.archiveProduct(productId));
  if (archived?.status === 200) return isTaken(`product ${productId} is on sale no more`);
  return stays(`product ${productId} ("${productName}"), on sale. Archive it: products:archive ${productId}`);
}

async function takeHoldBack(client: SaleClient, id: string): Promise<boolean> {
  const givenBack = await answerOf(client.giveBackHold(id));
  if (givenBack?.status === 204) return isTaken(`hold ${id} keeps no units and waits for no payment`);
  if (givenBack?.body.code === 'ORDER_ALREADY_PAID') return tellPaidOrder(client, id);
  return stays(`hold ${id}, until it or its order expires. Give it back before: DELETE /api/holds/${id}`);
}

/** The walk made the payment up, or paid where no money moves, so there is nothing to return but the order itself. */
async function tellPaidOrder(client: SaleClient, holdId: string): Promise<boolean> {
  const hold = await answerOf(client.getHold(holdId));
  const order = hold?.body.order as { order_id: number; amount: string } | null | undefined;
  if (order === null || order === undefined) return stays(`the paid order of hold ${holdId}`);
  const { order_id: number, amount } = order;
  const isByPage = (hold!.body.payment ?? null) !== null;
  const payment = isByPage ? 'at the simulated provider' : `by flow-${number}-paid`;
  stays(
    `order ${number} of ${amount} ${String(hold!.body.currency)}, paid ${payment}: no call takes a paid order back. The ` +
      'walk made this payment up: no provider took money, so there is none to give back.',
  );
  return true;
}

/** Null when no answer came; the walk goes on to the next thing, whatever it was. */
async function answerOf(call: Promise<Answer>): Promise<Answer | null> {
  try {
    return await call;
  } catch (error) {
    print(`  BROKEN  ${(error as Error).message}`);
    return null;
  }
}

function isTaken(text: string): true {
  print(`  back  ${text}`);
  return true;
}

function stays(text: string): false {
  print(`  STAYS  ${text}`);
  return false;
}
