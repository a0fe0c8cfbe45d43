/** The statements around those of a transaction. */
export interface TransactionFrame {
  readonly begin: readonly string[];
  readonly beforeCommit: readonly string[];
  /** If there are any, the last one selects, as `is_written`, whether COMMIT is known to have written something. */
  readonly afterCommit: readonly string[];
  readonly rollback: readonly string[];
}

export const PLAIN_FRAME: TransactionFrame = {
  begin: ['START TRANSACTION'],
  beforeCommit: [],
  afterCommit: [],
  rollback: ['ROLLBACK'],
};

/**
 * For a Galera cluster. There a write of another node takes our transaction back at any moment, also between two
 * statements of one round trip, and the server then goes on with the next statement as if nothing had been: under
 * autocommit it would commit each of the rest by itself, and answer COMMIT with OK. So autocommit is off: what is left of
 * the transaction ends at the savepoint that went with it, before COMMIT. Should it be taken back after that last look,
 * COMMIT writes nothing, and the number of this session's last write stays what it was. It also stays when the server
 * carried the transaction out a second time by itself, so this is a doubt, and the caller looks before it tries again.
 */
export const CLUSTER_FRAME: TransactionFrame = {
  begin: ['SET autocommit = 0', 'START TRANSACTION', 'SAVEPOINT whole'],
  beforeCommit: ['SET @last_written = WSREP_LAST_WRITTEN_GTID()', 'RELEASE SAVEPOINT whole'],
  afterCommit: ['SET autocommit = 1', 'SELECT WSREP_LAST_WRITTEN_GTID() <> @last_written AS is_written'],
  rollback: ['ROLLBACK', 'SET autocommit = 1'],
};
