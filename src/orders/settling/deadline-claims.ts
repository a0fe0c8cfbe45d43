import { Injectable } from '@nestjs/common';
import { isNeverTriedAgain, type Transaction, Transactions } from '../../database/transactions.js';
import type { GroupCommit } from '../../engine/group-commit.js';
import { GroupCommits } from '../../engine/group-commits.js';
import { PaymentSessionsService } from '../../payment-sessions/payment-sessions.service.js';
import type { SessionRow } from '../../payment-sessions/payment-sessions.types.js';
import type { ClaimedOrderRow, StockedOrderRow } from '../orders.types.js';
import { DeadlinesRepository } from './deadlines.repository.js';
import { atDeadline, Settling } from './settling.js';

/** An order past its deadline whose provider one process asks, with what its buyer pays by. */
export interface Claim {
  readonly order: ClaimedOrderRow;
  /** Null where the row is gone. */
  readonly session: SessionRow | null;
}

/**
 * What was learned of a claimed order: `unmade` nobody has a session of it; `over` nobody pays by its session any more;
 * `told` what its provider says was handed in as a notice; `away` its provider does not say.
 */
export type Finding = 'unmade' | 'over' | 'told' | 'away';

interface Answer {
  readonly claim: Claim;
  readonly finding: Finding;
}

/** For how long a provider may be away, in seconds, before the order ends all the same. */
const AWAY_SECONDS_MAX = 60;

interface Decided {
  readonly ended: StockedOrderRow[];
  /** Of these nobody has to end the session any more. */
  readonly over: StockedOrderRow[];
  /** To be asked again in a moment; of `silent` the provider did not say. */
  readonly waiting: StockedOrderRow[];
  readonly silent: StockedOrderRow[];
  /** Their providers were away, and are not any more. */
  readonly reached: StockedOrderRow[];
}

/**
 * Orders past their deadline whose sessions somebody may have paid by: one process at a time asks for each, outside of any
 * transaction, and ends it by what it was told.
 *
 * The claim is the order's `due_at` itself, moved so far that an answer comes in time. Under the order's lock an answer
 * counts only while `due_at` is the claim's still: whatever moved it since (money for review, a payment that takes days,
 * a session that was opened, a claim after a crash) keeps the order, and its own time decides.
 */
@Injectable()
export class DeadlineClaims {
  private readonly line: GroupCommit<Answer, void>;

  constructor(
    private readonly deadlines: DeadlinesRepository,
    private readonly settling: Settling,
    private readonly sessions: PaymentSessionsService,
    private readonly transactions: Transactions,
    groupCommits: GroupCommits,
  ) {
    this.line = groupCommits.create(
      'payment_deadlines',
      (batch) => this.commit(batch),
      (batch) => this.settling.findRowsToSettle(batch.map(({ claim }) => claim.order.id)),
    );
  }

  /** The providers of whose sessions the orders are due. */
  findDueProviders(): Promise<string[]> {
    return this.deadlines.findDueProviders();
  }

  /** Takes due orders of one provider, oldest first: nobody else asks for them meanwhile, and somebody does after a crash. */
  async claim(provider: string, limit: number): Promise<Claim[]> {
    const orders = await this.transactions.run((tx) => this.deadlines.claimDue(tx, provider, limit));
    const found = await this.sessions.findMany(orders.map(({ hold_id }) => hold_id));
    const sessions = new Map(found.map((session) => [session.holdId, session]));
    return orders.map((order) => ({ order, session: sessions.get(order.hold_id) ?? null }));
  }

  /** Ends the order where what was learned ends it; answers after the commit. */
  decide(claim: Claim, finding: Finding): Promise<void> {
    return this.line.submit({ claim, finding });
  }

  private commit(batch: readonly Answer[]): Promise<void[]> {
    return this.transactions.run(async (tx) => {
      const holdIds = batch.map(({ claim }) => claim.order.hold_id);
      const [orders, sessions] = await Promise.all([
        this.settling.lockOrders(
          tx,
          batch.map(({ claim }) => claim.order.id),
        ),
        this.sessions.lock(tx, holdIds),
      ]);
      this.write(tx, decide(batch, orders, sessions));
      return batch.map(() => undefined);
    }, isNeverTriedAgain);
  }

  private write(tx: Transaction, { ended, over, waiting, silent, reached }: Decided): void {
    this.sessions.noteReach(tx, silent.map(toHoldId), false);
    this.sessions.noteReach(tx, reached.map(toHoldId), true);
    this.deadlines.putOffDue(
      tx,
      waiting.map(({ id }) => id),
    );
    this.settling.settle(tx, { settlements: ended.map(atDeadline) });
    this.sessions.noteOver(tx, over.map(toHoldId));
  }
}

function decide(
  batch: readonly Answer[],
  orders: readonly StockedOrderRow[],
  sessions: readonly SessionRow[],
): Decided {
  const byId = new Map(orders.map((order) => [order.id, order]));
  const byHold = new Map(sessions.map((session) => [session.holdId, session]));
  const decided: Decided = { ended: [], over: [], waiting: [], silent: [], reached: [] };
  for (const { claim, finding } of batch) {
    const order = byId.get(claim.order.id);
    if (order === undefined) continue;
    const { sessionId = null, unreachableForSeconds = null } = byHold.get(order.hold_id) ?? {};
    if (finding !== 'away' && unreachableForSeconds !== null) decided.reached.push(order);
    if (order.status !== 'pending_payment' || order.due_at !== claim.order.due_at) continue;
    // Its session was made since: its buyer may have it, and its provider is to be asked.
    const isMadeSince = finding === 'unmade' && sessionId !== null;
    const isSilent = finding === 'away' && (unreachableForSeconds ?? 0) < AWAY_SECONDS_MAX;
    decided[isMadeSince || isSilent ? 'waiting' : 'ended'].push(order);
    if (isSilent) decided.silent.push(order);
    if (finding === 'over') decided.over.push(order);
  }
  return decided;
}

function toHoldId({ hold_id }: StockedOrderRow): string {
  return hold_id;
}
