import { describe, expect, it } from '@jest/globals';
import { GroupCommit, type GroupCommitOptions } from '../../src/engine/group-commit.js';

/** Longer than a busy machine keeps a process from its turn: a commit that has not begun by then never does. */
const DEADLINE_MS = 1_000;

class TransientError extends Error {}
class OutageError extends Error {}
class CommitUnknownError extends TransientError {}
class LockWaitError extends TransientError {}

type Commit = GroupCommitOptions<number, string>['commit'];

/** A commit that the test lets go on when it wants. */
class GatedCommit {
  readonly batches: number[][] = [];
  private readonly gates: (() => void)[] = [];

  readonly commit: Commit = async (batch) => {
    this.batches.push([...batch]);
    await new Promise<void>((open) => this.gates.push(open));
    return batch.map((request) => `done ${request}`);
  };

  /** Resolves once commit number `count` is in flight. */
  async started(count: number): Promise<void> {
    for (let turn = 0; this.batches.length < count; turn++) {
      if (turn > 100) throw new Error(`Commit ${count} has not started`);
      await turnOfTheLoop();
    }
  }

  finish(): void {
    const open = this.gates.shift();
    if (open === undefined) throw new Error('No commit is in flight');
    open();
  }
}

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function groupCommitOf(commit: Commit, overrides: Partial<GroupCommitOptions<number, string>> = {}) {
  return new GroupCommit<number, string>({
    commit,
    batchSizeMax: 100,
    waitingMax: 1000,
    isTransient: (error) => error instanceof TransientError,
    deadlineMs: 60_000,
    isOutage: (error) => error instanceof OutageError,
    isLockWait: (error) => error instanceof LockWaitError,
    isCommitUnknown: (error) => error instanceof CommitUnknownError,
    rowsOf: (requests) => Promise.resolve(requests.map((request) => [`row ${request}`])),
    findLocked: () => Promise.resolve(new Set()),
    sleep: () => Promise.resolve(),
    ...overrides,
  });
}

const answerAll: Commit = (batch) => Promise.resolve(batch.map((request) => `done ${request}`));

/** What became of each promise, in order: its value, or the message of its error. */
async function outcomesOf(promises: Promise<string>[]): Promise<string[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) =>
    result.status === 'fulfilled' ? result.value : `refused: ${(result.reason as Error).message}`,
  );
}

describe('order', () => {
  it('decides requests in the order they came, one batch after the other', async () => {
    const gated = new GatedCommit();
    const group = groupCommitOf(gated.commit);
    const answers = [group.submit(1), group.submit(2)];
    await gated.started(1);
    answers.push(group.submit(3), group.submit(4), group.submit(5));
    gated.finish();
    await gated.started(2);
    gated.finish();
    expect(await outcomesOf(answers)).toEqual(['done 1', 'done 2', 'done 3', 'done 4', 'done 5']);
    expect(gated.batches).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it('never runs two transactions at a time', async () => {
    let running = 0;
    let runningMax = 0;
    const group = groupCommitOf(async (batch) => {
      runningMax = Math.max(runningMax, ++running);
      await turnOfTheLoop();
      running--;
      return answerAll(batch, false);
    });
    const submitters = Array.from({ length: 20 }, async (_, client) => {
      for (let request = 0; request < 5; request++) await group.submit(client * 5 + request);
    });
    await Promise.all(submitters);
    expect(runningMax).toBe(1);
  });

  it('answers only after the transaction has ended', async () => {
    const gated = new GatedCommit();
    const group = groupCommitOf(gated.commit);
    const settled: string[] = [];
    const answer = group.submit(1).then((outcome) => settled.push(outcome));
    await gated.started(1);
    await turnOfTheLoop();
    expect(settled).toEqual([]);
    gated.finish();
    await answer;
    expect(settled).toEqual(['done 1']);
  });

  it('starts at once when idle, without waiting for a second request', async () => {
    const group = groupCommitOf(answerAll);
    expect(await group.submit(1)).toBe('done 1');
    expect(await group.submit(2)).toBe('done 2');
  });
});

describe('working beside the database', () => {
  it('starts a batch without waiting any longer once 64 requests have gathered', async () => {
    const gated = new GatedCommit();
    const group = groupCommitOf(gated.commit);
    const submitted = Array.from({ length: 63 }, (_, request) => group.submit(request));
    await Promise.resolve();
    expect(gated.batches).toHaveLength(0);
    submitted.push(group.submit(63));
    // Only promises are let on: no turn of the loop has passed.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    expect(gated.batches.map((batch) => batch.length)).toEqual([64]);
    gated.finish();
    await Promise.all(submitted);
  });

  it('sends the next transaction off before it answers the requests of the last one', async () => {
    const events: string[] = [];
    const gated = new GatedCommit();
    const group = groupCommitOf((batch, mayHaveCommitted) => {
      events.push(`commit ${batch.join()}`);
      return gated.commit(batch, mayHaveCommitted);
    });
    const first = group.submit(1).then(() => events.push('answer 1'));
    await gated.started(1);
    const second = group.submit(2).then(() => events.push('answer 2'));
    gated.finish();
    await first;
    gated.finish();
    await second;
    expect(events).toEqual(['commit 1', 'commit 2', 'answer 1', 'answer 2']);
  });
});

describe('limits', () => {
  it('takes at most batchSizeMax requests into one transaction', async () => {
    const gated = new GatedCommit();
    const group = groupCommitOf(gated.commit, { batchSizeMax: 2 });
    const answers = [1, 2, 3, 4, 5].map((request) => group.submit(request));
    for (const batch of [1, 2, 3]) {
      await gated.started(batch);
      gated.finish();
    }
    expect(await outcomesOf(answers)).toEqual(['done 1', 'done 2', 'done 3', 'done 4', 'done 5']);
    expect(gated.batches).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('refuses at once what comes past waitingMax, and takes requests again when there is room', async () => {
    const gated = new GatedCommit();
    const group = groupCommitOf(gated.commit, { waitingMax: 2 });
    const first = group.submit(1);
    await gated.started(1);
    const waiting = [group.submit(2), group.submit(3)];
    await expect(group.submit(4)).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(group.waitingCount).toBe(2);
    gated.finish();
    await gated.started(2);
    const later = group.submit(5);
    gated.finish();
    await gated.started(3);
    gated.finish();
    expect(await outcomesOf([first, ...waiting, later])).toEqual(['done 1', 'done 2', 'done 3', 'done 5']);
    expect(gated.batches.flat()).not.toContain(4);
  });
});

describe('errors of single requests', () => {
  it('rejects the one request whose outcome is an error and answers all others of the batch', async () => {
    const group = groupCommitOf((batch) =>
      Promise.resolve(batch.map((request) => (request === 2 ? new Error('sold out') : `done ${request}`))),
    );
    const answers = [1, 2, 3].map((request) => group.submit(request));
    expect(await outcomesOf(answers)).toEqual(['done 1', 'refused: sold out', 'done 3']);
  });

  it('does not run the transaction again for it', async () => {
    let commits = 0;
    const group = groupCommitOf((batch) => {
      commits++;
      return Promise.resolve(batch.map(() => new TransientError('looks transient')));
    });
    await expect(group.submit(1)).rejects.toThrow('looks transient');
    expect(commits).toBe(1);
  });

  it('answers nobody when the outcomes are fewer than the requests', async () => {
    const group = groupCommitOf((batch) => Promise.resolve(batch.slice(1).map((request) => `done ${request}`)));
    const outcomes = await outcomesOf([group.submit(1), group.submit(2)]);
    expect(outcomes).toEqual(Array(2).fill('refused: commit returned 0 outcomes for 1 requests'));
  });
});

describe('retry', () => {
  it('runs the whole batch again after a transient failure', async () => {
    const tries: { batch: number[]; mayHaveCommitted: boolean }[] = [];
    const group = groupCommitOf(async (batch, mayHaveCommitted) => {
      tries.push({ batch: [...batch], mayHaveCommitted });
      if (tries.length === 1) throw new TransientError('deadlock');
      return answerAll(batch, mayHaveCommitted);
    });
    expect(await outcomesOf([group.submit(1), group.submit(2)])).toEqual(['done 1', 'done 2']);
    expect(tries).toEqual([
      { batch: [1, 2], mayHaveCommitted: false },
      { batch: [1, 2], mayHaveCommitted: false },
    ]);
  });

  it('never forgets that a commit may have been carried out, over other failures and halves', async () => {
    const tries: { batch: number[]; mayHaveCommitted: boolean }[] = [];
    const failures = [new CommitUnknownError('lost'), new TransientError('deadlock'), new Error('poison')];
    const group = groupCommitOf(async (batch, mayHaveCommitted) => {
      tries.push({ batch: [...batch], mayHaveCommitted });
      const failure = failures[tries.length - 1];
      if (failure !== undefined) throw failure;
      return answerAll(batch, mayHaveCommitted);
    });
    expect(await outcomesOf([group.submit(1), group.submit(2)])).toEqual(['done 1', 'done 2']);
    expect(tries).toEqual([
      { batch: [1, 2], mayHaveCommitted: false },
      { batch: [1, 2], mayHaveCommitted: true },
      { batch: [1, 2], mayHaveCommitted: true },
      { batch: [1], mayHaveCommitted: true },
      { batch: [2], mayHaveCommitted: true },
    ]);
  });

  it('pauses before each try, longer and longer', async () => {
    const pauses: number[] = [];
    const group = groupCommitOf(() => Promise.reject(new TransientError('deadlock')), {
      triesMax: 5,
      sleep: (ms) => {
        pauses.push(ms);
        return Promise.resolve();
      },
    });
    await expect(group.submit(1)).rejects.toThrow('deadlock');
    expect(pauses).toHaveLength(4);
    for (const [index, ms] of pauses.entries()) {
      expect(ms).toBeGreaterThanOrEqual(5 * 2 ** index);
      expect(ms).toBeLessThanOrEqual(10 * 2 ** index);
    }
  });

  it('gives up after triesMax tries', async () => {
    let tries = 0;
    const group = groupCommitOf(
      () => {
        tries++;
        return Promise.reject(new TransientError('deadlock'));
      },
      { triesMax: 3 },
    );
    await expect(group.submit(1)).rejects.toThrow('deadlock');
    expect(tries).toBe(3);
  });

  it('goes on with the next batch after one has failed', async () => {
    const group = groupCommitOf((batch) =>
      batch.includes(1) ? Promise.reject(new OutageError('gone')) : answerAll(batch, false),
    );
    await expect(group.submit(1)).rejects.toThrow('gone');
    expect(await group.submit(2)).toBe('done 2');
  });
});

describe('halving', () => {
  it('rejects only the request that poisons its batch', async () => {
    const batches: number[][] = [];
    const group = groupCommitOf((batch) => {
      batches.push([...batch]);
      return batch.includes(3) ? Promise.reject(new Error('bad value')) : answerAll(batch, false);
    });
    const answers = [1, 2, 3, 4, 5].map((request) => group.submit(request));
    expect(await outcomesOf(answers)).toEqual(['done 1', 'done 2', 'refused: bad value', 'done 4', 'done 5']);
    expect(batches).toEqual([[1, 2, 3, 4, 5], [1, 2, 3], [1, 2], [3], [4, 5]]);
  });

  it('keeps the order of the requests while halving', async () => {
    const decided: number[] = [];
    const group = groupCommitOf((batch) => {
      if (batch.length > 1) return Promise.reject(new Error('too many'));
      decided.push(...batch);
      return answerAll(batch, false);
    });
    await Promise.all([1, 2, 3, 4, 5, 6, 7].map((request) => group.submit(request)));
    expect(decided).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('does not halve a batch when nothing can be written: all are rejected after the same tries', async () => {
    const batches: number[][] = [];
    const group = groupCommitOf((batch) => {
      batches.push([...batch]);
      return Promise.reject(new OutageError('gone'));
    });
    const answers = [1, 2, 3].map((request) => group.submit(request));
    expect(await outcomesOf(answers)).toEqual(Array(3).fill('refused: gone'));
    expect(batches).toEqual([[1, 2, 3]]);
  });
});

describe('an outage', () => {
  it('rejects who waits together with the batch that met it, and none of them is sent off', async () => {
    const batches: number[][] = [];
    let fail: () => void = () => {};
    const group = groupCommitOf((batch) => {
      batches.push([...batch]);
      return new Promise((_, reject) => (fail = () => reject(new OutageError('gone'))));
    });
    const answers = [group.submit(1)];
    while (batches.length === 0) await turnOfTheLoop();
    answers.push(group.submit(2), group.submit(3));
    fail();
    expect(await outcomesOf(answers)).toEqual([
      'refused: gone',
      ...Array<string>(2).fill('refused: The database does not answer; try again later.'),
    ]);
    expect(batches).toEqual([[1]]);
  });

  it('is not a lock that somebody keeps: that rejects its batch, and who waits is decided', async () => {
    const gated = new GatedCommit();
    const group = groupCommitOf(
      async (batch, mayHaveCommitted) => {
        const outcomes = await gated.commit(batch, mayHaveCommitted);
        if (batch.includes(1)) throw new LockWaitError('locked');
        return outcomes;
      },
      { triesMax: 1 },
    );
    const answers = [group.submit(1), group.submit(2)];
    await gated.started(1);
    answers.push(group.submit(3));
    gated.finish();
    await gated.started(2);
    gated.finish();
    expect(await outcomesOf(answers)).toEqual(['refused: locked', 'refused: locked', 'done 3']);
  });
});

describe('a row that somebody keeps locked', () => {
  /** Rows that somebody has locked, and batches by what they met. A request needs the row of its tens. */
  class LockedRows {
    readonly locked = new Set<string>();
    readonly decided: number[][] = [];
    readonly inVain: { batch: number[]; mayHaveCommitted: boolean }[] = [];

    readonly commit: Commit = async (batch, mayHaveCommitted) => {
      await turnOfTheLoop();
      if (batch.some((request) => this.locked.has(rowOf(request)))) {
        this.inVain.push({ batch: [...batch], mayHaveCommitted });
        throw new LockWaitError('locked');
      }
      this.decided.push([...batch]);
      return answerAll(batch, mayHaveCommitted);
    };

    group(overrides: Partial<GroupCommitOptions<number, string>> = {}) {
      return groupCommitOf(this.commit, {
        rowsOf: (requests) => Promise.resolve(requests.map((request) => [rowOf(request)])),
        findLocked: (rows) => Promise.resolve(new Set(rows.filter((row) => this.locked.has(row)))),
        ...overrides,
      });
    }
  }

  const rowOf = (request: number): string => `row ${Math.floor(request / 10)}`;

  it('stops those who need it, and nobody else, and they are decided once it is free', async () => {
    const rows = new LockedRows();
    const group = rows.group();
    rows.locked.add('row 1');
    const answers = [11, 20, 12, 30].map((request) => group.submit(request));
    expect(await outcomesOf([answers[1]!, answers[3]!])).toEqual(['done 20', 'done 30']);
    answers.push(group.submit(13));
    expect(await group.submit(21)).toBe('done 21');
    expect(rows.inVain[0]!.batch).toEqual([11, 20, 12, 30]);
    for (const { batch } of rows.inVain.slice(1)) expect(batch.map(rowOf)).toEqual(batch.map(() => 'row 1'));
    expect(group.waitingCount).toBeLessThanOrEqual(3);
    rows.locked.clear();
    expect(await outcomesOf(answers)).toEqual(['done 11', 'done 20', 'done 12', 'done 30', 'done 13']);
    expect(rows.decided.flat().filter((request) => rowOf(request) === 'row 1')).toEqual([11, 12, 13]);
    expect(await group.submit(14)).toBe('done 14');
    await group.drain();
  });

  it('gives each of several locked rows its turn', async () => {
    const rows = new LockedRows();
    // As where instances hand the rows to each other: no look finds one free.
    const seen = new Set(['row 1', 'row 2', 'row 3']);
    const group = rows.group({ findLocked: (names) => Promise.resolve(new Set(names.filter((row) => seen.has(row)))) });
    for (const row of seen) rows.locked.add(row);
    const answers = [11, 21, 31].map((request) => group.submit(request));
    while (rows.inVain.length < 7) await turnOfTheLoop();
    expect(rows.inVain.slice(1, 7).map(({ batch }) => batch)).toEqual([[11], [21], [31], [11], [21], [31]]);
    rows.locked.clear();
    expect(await outcomesOf(answers)).toEqual(['done 11', 'done 21', 'done 31']);
  });

  it('answers who needs it at their deadline, and lets go of them', async () => {
    const rows = new LockedRows();
    let overdue = 0;
    const observer = {
      committed() {},
      retried() {},
      halved() {},
      refused() {},
      overdue: (n: number) => (overdue += n),
    };
    const group = rows.group({ deadlineMs: DEADLINE_MS, observer });
    rows.locked.add('row 1');
    const answers = await outcomesOf([11, 12].map((request) => group.submit(request)));
    expect(answers).toEqual(Array(2).fill('refused: The database did not answer in time; try again in a moment.'));
    expect(overdue).toBe(2);
    await group.drain();
    expect(group.waitingCount).toBe(0);
    rows.locked.clear();
    expect(rows.decided).toEqual([]);
  });

  it('takes a doubt about a commit along when it sets requests aside', async () => {
    const rows = new LockedRows();
    let tries = 0;
    const group = rows.group({
      commit: (batch, mayHaveCommitted) =>
        ++tries === 1 ? Promise.reject(new CommitUnknownError('lost')) : rows.commit(batch, mayHaveCommitted),
    });
    rows.locked.add('row 1');
    const answers = [11, 20].map((request) => group.submit(request));
    expect(await answers[1]).toBe('done 20');
    while (rows.inVain.length < 3) await turnOfTheLoop();
    expect(rows.inVain.map(({ mayHaveCommitted }) => mayHaveCommitted)).not.toContain(false);
    rows.locked.clear();
    expect(await answers[0]).toBe('done 11');
  });

  it('is waited for when draining', async () => {
    const rows = new LockedRows();
    const group = rows.group();
    rows.locked.add('row 1');
    const answer = group.submit(11);
    while (rows.inVain.length < 2) await turnOfTheLoop();
    const drained = group.drain();
    rows.locked.clear();
    await drained;
    expect(rows.decided).toEqual([[11]]);
    expect(await answer).toBe('done 11');
  });

  it('does not keep anybody waiting who can not be served by then: an outage rejects those aside, too', async () => {
    const rows = new LockedRows();
    let isGone = false;
    const group = rows.group({
      commit: (batch, mayHaveCommitted) =>
        isGone ? Promise.reject(new OutageError('gone')) : rows.commit(batch, mayHaveCommitted),
      findLocked: (names) => (isGone ? Promise.reject(new OutageError('gone')) : Promise.resolve(new Set(names))),
    });
    rows.locked.add('row 1');
    const answers = [11, 12].map((request) => group.submit(request));
    while (rows.inVain.length < 2) await turnOfTheLoop();
    isGone = true;
    expect(await outcomesOf(answers)).toEqual(['refused: gone', 'refused: gone']);
    await group.drain();
  });

  it('refuses who needs it past waitingMax, and nobody else', async () => {
    const rows = new LockedRows();
    const group = rows.group({ waitingMax: 2 });
    rows.locked.add('row 1');
    const answers = [group.submit(11), group.submit(12)];
    while (rows.inVain.length < 2) await turnOfTheLoop();
    answers.push(group.submit(13));
    expect(await group.submit(20)).toBe('done 20');
    const full = 'refused: Too many requests are waiting; try again in a moment.';
    expect(await outcomesOf([answers[2]!])).toEqual([full]);
    rows.locked.clear();
    expect((await outcomesOf(answers)).slice(0, 2)).toEqual(['done 11', 'done 12']);
  });
});

describe('the deadline', () => {
  const LATE = 'refused: The database did not answer in time; try again in a moment.';

  it('answers who is decided on and who waits, and goes on once the transaction has ended', async () => {
    const gated = new GatedCommit();
    let overdue = 0;
    const observer = {
      committed() {},
      retried() {},
      halved() {},
      refused() {},
      overdue: (n: number) => (overdue += n),
    };
    const group = groupCommitOf(gated.commit, { deadlineMs: DEADLINE_MS, observer });
    const answers = [group.submit(1)];
    await gated.started(1);
    answers.push(group.submit(2), group.submit(3));
    expect(await outcomesOf(answers)).toEqual([LATE, LATE, LATE]);
    expect(group.waitingCount).toBe(0);
    expect(overdue).toBe(3);
    gated.finish();
    const next = group.submit(4);
    await gated.started(2);
    gated.finish();
    expect(await outcomesOf([next])).toEqual(['done 4']);
    expect(gated.batches).toEqual([[1], [4]]);
  });

  it('ends the tries of a batch that nobody waits for any more', async () => {
    let tries = 0;
    const group = groupCommitOf(
      async () => {
        tries++;
        await expect(answer).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        throw new TransientError('deadlock');
      },
      { deadlineMs: DEADLINE_MS },
    );
    const answer: Promise<string> = group.submit(1);
    await expect(answer).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await group.drain();
    expect(tries).toBe(1);
  });

  it('leaves nothing behind of requests that were answered in time', async () => {
    const group = groupCommitOf(answerAll, { deadlineMs: DEADLINE_MS });
    expect(await outcomesOf([1, 2, 3].map((request) => group.submit(request)))).toEqual(['done 1', 'done 2', 'done 3']);
    await group.drain();
  });
});

describe('drain', () => {
  it('refuses new requests, settles those it has, and then resolves', async () => {
    const gated = new GatedCommit();
    const group = groupCommitOf(gated.commit);
    const settled: string[] = [];
    const answers = [1, 2].map((request) => group.submit(request).then((outcome) => settled.push(outcome)));
    await gated.started(1);
    answers.push(group.submit(3).then((outcome) => settled.push(outcome)));
    const drained = group.drain().then(() => settled.push('drained'));
    await expect(group.submit(4)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    gated.finish();
    await gated.started(2);
    gated.finish();
    await Promise.all([...answers, drained]);
    expect(settled).toEqual(['done 1', 'done 2', 'done 3', 'drained']);
  });

  it('resolves at once when nothing is under way', async () => {
    const group = groupCommitOf(answerAll);
    await group.submit(1);
    await group.drain();
    expect(group.waitingCount).toBe(0);
    await expect(group.submit(2)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('observer', () => {
  it('is told of commits with their size, retries, halvings and refusals', async () => {
    const told: string[] = [];
    let tries = 0;
    const group = groupCommitOf(
      (batch) => {
        if (++tries === 1) return Promise.reject(new TransientError('deadlock'));
        if (batch.length > 1) return Promise.reject(new Error('bad value'));
        return answerAll(batch, false);
      },
      {
        waitingMax: 2,
        observer: {
          committed: (batchSize, commitMs) => told.push(`committed ${batchSize} ${commitMs >= 0}`),
          retried: (batchSize, error) => told.push(`retried ${batchSize} ${(error as Error).message}`),
          halved: (batchSize, error) => told.push(`halved ${batchSize} ${(error as Error).message}`),
          refused: () => told.push('refused'),
        },
      },
    );
    await outcomesOf([group.submit(1), group.submit(2), group.submit(3)]);
    expect(told).toEqual([
      'refused',
      'retried 2 deadlock',
      'halved 2 bad value',
      'committed 1 true',
      'committed 1 true',
    ]);
  });
});
