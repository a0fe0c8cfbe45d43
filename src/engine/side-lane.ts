import { OverloadedError } from '../common/problem.js';

/** What a group commit has to know of the rows that its requests wait for. */
export interface RowLocks<Request> {
  /**
   * Names of the rows that each of the requests may have to wait for, in their order. Asked only while somebody keeps
   * one of them locked.
   */
  rowsOf(requests: readonly Request[]): Promise<readonly (readonly string[])[]>;
  /** Which of these rows are locked at this moment; it waits for none of them. */
  findLocked(rows: readonly string[]): Promise<ReadonlySet<string>>;
}

interface Waiter<Request> {
  readonly request: Request;
  readonly reject: (error: unknown) => void;
}

interface Aside<W> {
  readonly waiter: W;
  /** Those of its rows that were locked when it came. */
  readonly rows: readonly string[];
}

export interface SideLaneOptions<Request, W extends Waiter<Request>> extends RowLocks<Request> {
  readonly batchSizeMax: number;
  readonly waitingMax: number;
  /** Tries once to decide a batch, waiting for its locks like everybody. @returns false if it waited in vain. */
  tryOnce(batch: readonly W[]): Promise<boolean>;
  /** Takes requests whose rows are free again back into the line. */
  rejoin(waiters: readonly W[]): void;
  closed(): void;
}

/**
 * Where requests wait whose rows somebody keeps locked, so that nobody else waits for that lock with them.
 *
 *     in the line ──(a lock was waited for in vain, or is known)──► aside ──(a look finds the rows free)──► in the line
 *                                                                    └──(its lock was granted meanwhile)──► decided
 *
 * Beside the looks, which wait for nothing, the requests of one locked row at a time wait for their lock in the
 * database's own line: where instances hand a row to each other without a pause, no look would ever find it free.
 */
export class SideLane<Request, W extends Waiter<Request>> {
  /** Ends when nobody waits here any more. */
  running: Promise<void> | undefined;
  private waiting: Aside<W>[] = [];
  private trying: readonly W[] = [];
  /** In the order of their turns. */
  private readonly locked = new Set<string>();

  constructor(private readonly options: SideLaneOptions<Request, W>) {}

  get waitingCount(): number {
    return this.waiting.length + this.trying.length;
  }

  /** Takes those of a batch in that need a row which is known to be locked. @returns the others. */
  async divert(batch: readonly W[]): Promise<readonly W[]> {
    return this.takeIn(batch, await this.rowsOf(batch));
  }

  /** The same for a batch that waited for a lock in vain: it looks which rows are locked. */
  async divertLocked(batch: readonly W[]): Promise<readonly W[]> {
    const rows = await this.rowsOf(batch);
    const names = new Set(rows.flat());
    for (const name of await this.findLocked(names, new Set())) this.locked.add(name);
    return this.takeIn(batch, rows);
  }

  /** Takes all out that are not being tried. */
  takeWaiting(): W[] {
    const waiting = this.waiting.map(({ waiter }) => waiter);
    this.waiting = [];
    return waiting;
  }

  /** Takes those out who `isLeaving`; what becomes of those that are being tried, they don't hear any more. */
  leave(isLeaving: (waiter: W) => boolean): W[] {
    const leaving = [...this.trying, ...this.waiting.map(({ waiter }) => waiter)].filter(isLeaving);
    if (leaving.length > 0) {
      this.trying = this.trying.filter((waiter) => !isLeaving(waiter));
      this.waiting = this.waiting.filter(({ waiter }) => !isLeaving(waiter));
    }
    return leaving;
  }

  private takeIn(batch: readonly W[], rows: readonly (readonly string[])[]): readonly W[] {
    const others: W[] = [];
    batch.forEach((waiter, index) => {
      const locked = rows[index]?.filter((row) => this.locked.has(row)) ?? [];
      if (locked.length === 0) others.push(waiter);
      else if (this.waitingCount < this.options.waitingMax) this.waiting.push({ waiter, rows: locked });
      else waiter.reject(new OverloadedError());
    });
    if (this.waiting.length > 0) this.running ??= this.run();
    return others;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      await this.letFreeGo();
      await this.tryNext();
    }
    this.locked.clear();
    this.running = undefined;
    this.options.closed();
  }

  private async letFreeGo(): Promise<void> {
    const names = new Set(this.waiting.flatMap(({ rows }) => rows));
    const locked = await this.findLocked(names, names);
    for (const name of names) if (!locked.has(name)) this.locked.delete(name);
    const isFree = ({ rows }: Aside<W>): boolean => !rows.some((row) => this.locked.has(row));
    const free = this.waiting.filter(isFree);
    if (free.length === 0) return;
    this.waiting = this.waiting.filter((each) => !isFree(each));
    this.options.rejoin(free.map(({ waiter }) => waiter));
  }

  /** The requests of the locked row whose turn it is. Those that waited in vain keep their places. */
  private async tryNext(): Promise<void> {
    const row = [...this.locked].find((name) => this.waiting.some(({ rows }) => rows.includes(name)));
    if (row === undefined) return;
    this.locked.delete(row);
    this.locked.add(row);
    const batch = this.waiting.filter(({ rows }) => rows.includes(row)).slice(0, this.options.batchSizeMax);
    const isTried = new Set(batch);
    this.waiting = this.waiting.filter((each) => !isTried.has(each));
    this.trying = batch.map(({ waiter }) => waiter);
    const isDecided = await this.options.tryOnce(this.trying);
    // Without those who have left meanwhile.
    const inVain = new Set(isDecided ? [] : this.trying);
    this.waiting = [...batch.filter(({ waiter }) => inVain.has(waiter)), ...this.waiting];
    this.trying = [];
  }

  /** Should the database not answer, nothing is known of any row, and the line's own try tells what is wrong. */
  private async rowsOf(batch: readonly W[]): Promise<readonly (readonly string[])[]> {
    try {
      return await this.options.rowsOf(batch.map(({ request }) => request));
    } catch {
      return [];
    }
  }

  private async findLocked(names: ReadonlySet<string>, otherwise: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    if (names.size === 0) return names;
    try {
      return await this.options.findLocked([...names]);
    } catch {
      return otherwise;
    }
  }
}
