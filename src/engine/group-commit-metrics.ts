import { Injectable, Logger } from '@nestjs/common';
import type { GroupCommitObserver } from './group-commit.js';
import { DomainError } from '../common/problem.js';
import { isDeadlock, isLockWaitTimeout } from '../database/database-errors.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { Buckets, type Sample, SECONDS_BOUNDS, Tally } from '../metrics/samples.js';

const SIZE_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** A batch that takes longer than this is told of in the log. */
const SLOW_COMMIT_MS = 1000;

/** Every event is shown as 0 from the start. */
const EVENTS = ['retry', 'deadlock', 'lock_wait', 'halving', 'refusal', 'set_aside', 'overdue'] as const;

/** What one group commit has done: per batch, but for the outcomes, which are counted in one pass over the batch. */
export class GroupCommitFigures implements GroupCommitObserver {
  readonly batchSizes = new Buckets(SIZE_BOUNDS);
  readonly waitSeconds = new Buckets(SECONDS_BOUNDS);
  readonly commitSeconds = new Buckets(SECONDS_BOUNDS);
  readonly events = new Tally('event', EVENTS);
  readonly outcomes = new Tally('outcome', ['ok']);
  waitingCount: () => number = () => 0;

  constructor(
    readonly name: string,
    private readonly logger: Logger,
  ) {}

  started(_batchSize: number, waitMs: number): void {
    this.waitSeconds.observe(waitMs / 1000);
  }

  committed(batchSize: number, commitMs: number): void {
    this.batchSizes.observe(batchSize);
    this.commitSeconds.observe(commitMs / 1000);
    if (commitMs < SLOW_COMMIT_MS) return;
    this.logger.warn({ groupCommit: this.name, batchSize, commitMs: Math.round(commitMs) }, 'A batch took long');
  }

  retried(batchSize: number, error: unknown): void {
    this.events.add('retry');
    const contention = isDeadlock(error) ? 'deadlock' : isLockWaitTimeout(error) ? 'lock_wait' : undefined;
    if (contention !== undefined) this.events.add(contention);
    this.logger.warn({ groupCommit: this.name, batchSize, contention, err: error }, 'A batch is retried');
  }

  halved(batchSize: number, error: unknown): void {
    this.events.add('halving');
    this.logger.warn({ groupCommit: this.name, batchSize, err: error }, 'A batch is halved');
  }

  refused(): void {
    this.events.add('refusal');
  }

  setAside(count: number): void {
    this.events.add('set_aside', count);
  }

  overdue(count: number): void {
    this.events.add('overdue', count);
  }

  decided(outcomes: readonly unknown[]): void {
    let granted = 0;
    for (const outcome of outcomes) {
      if (!(outcome instanceof Error)) granted++;
      else this.outcomes.add(outcome instanceof DomainError ? outcome.code : 'error');
    }
    this.outcomes.add('ok', granted);
  }
}

/** The figures of all group commits by their names. */
@Injectable()
export class GroupCommitMetrics {
  private readonly logger = new Logger('GroupCommit');
  private readonly all: GroupCommitFigures[] = [];

  constructor(metrics: MetricsService) {
    const name = (suffix: string): string => `checkout_group_commit_${suffix}`;
    const histogram = (suffix: string, help: string, of: (figures: GroupCommitFigures) => Buckets): void =>
      metrics.add({ name: name(suffix), help, type: 'histogram' }, () =>
        this.each((figures, labels) => of(figures).samples(name(suffix), labels)),
      );
    histogram('batch_size', 'Requests that one transaction decided', (figures) => figures.batchSizes);
    histogram(
      'wait_seconds',
      'How long the oldest request of a batch had waited for it',
      (figures) => figures.waitSeconds,
    );
    histogram(
      'commit_seconds',
      'From the start of a batch to the answer to COMMIT, retries included',
      (figures) => figures.commitSeconds,
    );
    metrics.add({ name: name('waiting'), help: 'Requests that wait for a transaction', type: 'gauge' }, () =>
      this.each((figures, labels) => [{ labels, value: figures.waitingCount() }]),
    );
    metrics.add(
      {
        name: name('events_total'),
        help: 'Retries, those for a deadlock or a lock that was not to be had, halvings, refusals of a full line, requests set aside for a locked row, answers at the deadline',
        type: 'counter',
      },
      () => this.each((figures, labels) => figures.events.samples(labels)),
    );
    metrics.add(
      {
        name: 'checkout_decisions_total',
        help: 'Requests that were decided, by outcome: ok or the error code',
        type: 'counter',
      },
      () => this.each((figures, labels) => figures.outcomes.samples(labels)),
    );
  }

  create(name: string): GroupCommitFigures {
    const figures = new GroupCommitFigures(name, this.logger);
    this.all.push(figures);
    return figures;
  }

  private each(samples: (figures: GroupCommitFigures, labels: Sample['labels']) => readonly Sample[]): Sample[] {
    return this.all.flatMap((figures) => [...samples(figures, { group_commit: figures.name })]);
  }
}
