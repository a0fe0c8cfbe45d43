import { setTimeout as pause } from 'node:timers/promises';

/** Failures in a row after which a provider counts as away. */
const FAILURES_MAX = 3;

/** For how long it is left alone then: doubled each time that it is still away. */
const AWAY_MS = { first: 2000, max: 60_000 };

/**
 * How a provider is asked for one kind of thing: at its pace, and not at all while it is away. Who wants to ask looks at
 * `room` first, takes a turn for each call, and says how the call ended.
 *
 *     near ── FAILURES_MAX failures in a row ──► away ── time is up ──► one call finds out ──► near, or away for longer
 */
export class ProviderLine {
  private nextTurnAt = 0;
  private failures = 0;
  private awayUntil = 0;

  constructor(
    private readonly callsPerSecond: number,
    private readonly clock: () => number = () => performance.now(),
    private readonly sleep: (ms: number) => Promise<unknown> = (ms) => pause(ms),
  ) {}

  /** How many calls may be begun together: none while the provider is away, and one to find out. */
  get room(): number {
    if (this.awayMs > 0) return 0;
    return this.isNear ? this.callsPerSecond : 1;
  }

  get isNear(): boolean {
    return this.failures < FAILURES_MAX;
  }

  /** Whether it is asked: one that was away counts as up once it may be found again, since another process may have. */
  get isUp(): boolean {
    return this.isNear || this.awayMs === 0;
  }

  /** For how long it is to be left alone. */
  get awayMs(): number {
    return Math.max(0, this.awayUntil - this.clock());
  }

  /** Waits until the provider may be asked once more. */
  async turn(): Promise<void> {
    const now = this.clock();
    const at = Math.max(now, this.nextTurnAt);
    this.nextTurnAt = at + 1000 / this.callsPerSecond;
    if (at > now) await this.sleep(at - now);
  }

  /** It answered, whatever it said. */
  answered(): void {
    this.failures = 0;
  }

  /** It turned a call away for being asked too often, and wants to be left alone for so long. */
  busyFor(ms: number): void {
    this.nextTurnAt = Math.max(this.nextTurnAt, this.clock() + ms);
  }

  failed(): void {
    this.failures++;
    const times = this.failures - FAILURES_MAX;
    if (times >= 0) this.awayUntil = this.clock() + Math.min(AWAY_MS.first * 2 ** times, AWAY_MS.max);
  }
}
