import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import { groupBy } from '../../common/group-by.js';
import { CONFIG, type Config } from '../../config/config.js';
import { isNeverTriedAgain, type Transaction, Transactions } from '../../database/transactions.js';
import type { GroupCommit } from '../../engine/group-commit.js';
import { GroupCommits } from '../../engine/group-commits.js';
import { rowName } from '../../engine/row-locks.js';
import { keyedByCaller, type KeyedRequest, type StoredKey } from '../../idempotency/idempotency-key.js';
import { IdempotencyService, type Recalled } from '../../idempotency/idempotency.service.js';
import { HoldNotFoundError } from '../holds.errors.js';
import { HoldsRepository } from '../holds.repository.js';
import { isOf, type LockedHoldRow } from '../holds.types.js';
import { decideExtension, type Extension } from './extension-rules.js';

interface ExtensionRequest {
  readonly holdId: string;
  readonly caller: Caller;
  readonly keyed: KeyedRequest | null;
}

interface Gathered {
  /** The locked holds by their ids, each as the requests before left it. */
  readonly holds: Map<string, LockedHoldRow>;
  /** What the keys of the batch did before. */
  readonly recalled: ReadonlyMap<KeyedRequest | null, Recalled>;
}

interface Decided {
  /** One for each request, in their order. */
  readonly outcomes: readonly (Extension | Error)[];
  /** The holds that get more time, once for each time. */
  readonly extended: readonly string[];
  readonly keys: readonly StoredKey[];
}

/** Buyers who need more time: the group commit of extensions. Why one is refused: `extension-rules.ts`. */
@Injectable()
export class Extending {
  private readonly line: GroupCommit<ExtensionRequest, Extension>;

  constructor(
    private readonly holds: HoldsRepository,
    private readonly idempotency: IdempotencyService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
    groupCommits: GroupCommits,
  ) {
    this.line = groupCommits.create(
      'extensions',
      (batch) => this.commit(batch),
      (batch) => Promise.resolve(batch.map(({ holdId }) => [rowName.hold(holdId)])),
    );
  }

  /**
   * Gives an active hold more time; answers after the commit. A repeated request with a key gets what its hold has now.
   *
   * @throws HoldNotFoundError also of a hold that is another buyer's, HoldNotExtendableError, IdempotencyKeyReusedError
   */
  extend(holdId: string, caller: Caller, key?: string): Promise<Extension> {
    const keyed = keyedByCaller(key, caller, holdId);
    return this.idempotency.once('extensions', keyed, () => this.line.submit({ holdId, caller, keyed }));
  }

  /**
   * One transaction that extends holds. Under a hold's lock nobody uses, releases or extends it, so what was decided is
   * still so when it is written, but for its expiry: time goes on under any lock. Should it pass in between, the guarded
   * UPDATE fails, and the transaction is run again and finds the hold expired. Whoever takes back an expired hold
   * locks it first, and finds here either the old time or the new one. No stock moves.
   */
  private commit(batch: readonly ExtensionRequest[]): Promise<readonly (Extension | Error)[]> {
    // Followed up to its end should the reply to COMMIT be lost; another try of all else is up to the group commit.
    return this.transactions.run(async (tx) => {
      const gathered = await this.gather(tx, batch);
      const decided = decide(batch, gathered, this.config.holds.ttlSeconds);
      this.write(tx, decided, gathered);
      return decided.outcomes;
    }, isNeverTriedAgain);
  }

  private async gather(tx: Transaction, batch: readonly ExtensionRequest[]): Promise<Gathered> {
    const [rows, recalled] = await Promise.all([
      this.holds.lock(
        tx,
        batch.map(({ holdId }) => holdId),
      ),
      this.idempotency.recall(
        tx,
        'extensions',
        batch.map(({ keyed }) => keyed),
      ),
    ]);
    return { holds: new Map(rows.map((row) => [row.id, row])), recalled };
  }

  private write(tx: Transaction, { extended, keys }: Decided, { holds }: Gathered): void {
    const times = [...groupBy(extended, (id) => id)].map(([id, each]) => ({ ...holds.get(id)!, times: each.length }));
    for (const alike of groupBy(times, ({ expires_at, times }) => `${expires_at} ${times}`).values()) {
      const ids = alike.map(({ id }) => id);
      this.holds.extend(tx, ids, alike[0]!.expires_at, alike[0]!.times);
    }
    this.idempotency.remember(tx, 'extensions', keys);
  }
}

/** One request after the other; each finds the hold as those before it left it. */
function decide(batch: readonly ExtensionRequest[], { holds, recalled }: Gathered, ttlSeconds: number): Decided {
  const extended: string[] = [];
  const keys: StoredKey[] = [];
  const outcomes = batch.map(({ holdId, caller, keyed }): Extension | Error => {
    const hold = holds.get(holdId);
    if (hold === undefined || !isOf(hold, caller)) return new HoldNotFoundError();
    const earlier = recalled.get(keyed);
    if (earlier instanceof Error) return earlier;
    if (earlier !== undefined) return hold;
    const outcome = decideExtension(hold, ttlSeconds);
    if (outcome instanceof Error) return outcome;
    holds.set(holdId, { ...hold, ...outcome });
    extended.push(holdId);
    if (keyed !== null) keys.push({ ...keyed, reference: holdId });
    return outcome;
  });
  return { outcomes, extended, keys };
}
