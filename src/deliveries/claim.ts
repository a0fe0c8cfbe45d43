import { newUuid } from '../database/sql.js';

/** For how long a claim is good: so long an endpoint is left alone whose process died. */
export const CLAIM_SECONDS = 20;

/** How often it is renewed. Two in a row may fail before nothing more is begun under it. */
const RENEWED_EVERY_MS = 4000;

/**
 * A process's claim on an endpoint, renewed for as long as it is at it.
 *
 * What is begun under a claim must have ended before somebody else may claim the endpoint, so nothing is begun once less is
 * left of it than that may take (`covers`). What is left is counted on this process's own clock from before the database was
 * asked, so it ends here no later than there. A claim that was lost is never had again: others may have been at the endpoint
 * meanwhile, and what was read before is old.
 */
export class Claim {
  readonly id = newUuid();
  private goodUntil = -Infinity;
  private isLost = false;
  private renewing: NodeJS.Timeout | undefined;

  /** @param renew has it last for CLAIM_SECONDS from now on; false where it is not ours any more. */
  constructor(private readonly renew: (id: string) => Promise<boolean>) {}

  /** Claims by `take`, once, which returns null where it can't be had; it is renewed until `stop`. */
  async begin<T>(take: (id: string) => Promise<T | null>): Promise<T | null> {
    const askedAt = performance.now();
    const taken = await take(this.id);
    if (taken === null) return null;
    this.lastFrom(askedAt);
    this.renewing = setInterval(() => void this.goOn(), RENEWED_EVERY_MS);
    return taken;
  }

  /** Whether what takes so long at most, and is begun now, ends under this claim. */
  covers(ms: number): boolean {
    return !this.isLost && performance.now() + ms < this.goodUntil;
  }

  stop(): void {
    clearInterval(this.renewing);
  }

  private async goOn(): Promise<void> {
    const askedAt = performance.now();
    try {
      if (await this.renew(this.id)) this.lastFrom(askedAt);
      else this.lose();
    } catch {
      // It runs out unless the next one gets through.
    }
  }

  private lastFrom(time: number): void {
    this.goodUntil = Math.max(this.goodUntil, time + CLAIM_SECONDS * 1000);
  }

  private lose(): void {
    this.isLost = true;
    this.stop();
  }
}
