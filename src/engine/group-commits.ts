import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { GroupCommit, type GroupCommitOptions } from './group-commit.js';
import { CONFIG, type Config } from '../config/config.js';
import { findLockedRows } from './row-locks.js';
import { GroupCommitMetrics } from './group-commit-metrics.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { TracedGroupCommit } from './traced-group-commit.js';
import { TRACING, type Tracing } from '../tracing/tracing.types.js';
import { isCommitUnknown, isLockWaitTimeout, isOutage, isTransient } from '../database/database-errors.js';
import { Transactions } from '../database/transactions.js';

/** Makes the group commits of the features with the service's limits, and drains them at shutdown. */
@Injectable()
export class GroupCommits implements BeforeApplicationShutdown {
  private readonly all: { drain(): Promise<void> }[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly metrics: MetricsService,
    private readonly transactions: Transactions,
    private readonly figures: GroupCommitMetrics,
    @Inject(TRACING) private readonly tracing: Tracing | null,
  ) {}

  /**
   * Makes a group commit; `name`, a noun in the plural, is what logs and metrics call it. `rowsOf` names, by `rowName`,
   * the rows that each of the requests may have to wait for.
   */
  create<Request, Outcome>(
    name: string,
    commit: GroupCommitOptions<Request, Outcome>['commit'],
    rowsOf: GroupCommitOptions<Request, Outcome>['rowsOf'],
  ): GroupCommit<Request, Outcome> {
    const observer = this.figures.create(name);
    const countedCommit: typeof commit = async (batch, mayHaveCommitted) => {
      const outcomes = await commit(batch, mayHaveCommitted);
      observer.decided(outcomes);
      return outcomes;
    };
    const options: GroupCommitOptions<Request, Outcome> = {
      ...this.config.groupCommit,
      commit: this.metrics.isEnabled ? countedCommit : commit,
      isTransient,
      isOutage,
      isLockWait: isLockWaitTimeout,
      isCommitUnknown,
      rowsOf,
      findLocked: (rows) => findLockedRows(this.transactions, rows),
      observer,
    };
    const groupCommit =
      this.tracing === null ? new GroupCommit(options) : new TracedGroupCommit(name, this.tracing, options);
    observer.waitingCount = () => groupCommit.waitingCount;
    this.all.push(groupCommit);
    return groupCommit;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.all.map((groupCommit) => groupCommit.drain()));
  }
}
