/** Lets one of many through in each interval; for lines of the log that strangers can cause. */
export class Throttle {
  private opensAt = -Infinity;
  private heldBack = 0;

  constructor(
    private readonly intervalMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Null when this one is held back, else how many were since the last one that was let through. */
  pass(): number | null {
    if (this.now() < this.opensAt) {
      this.heldBack++;
      return null;
    }
    const { heldBack } = this;
    this.opensAt = this.now() + this.intervalMs;
    this.heldBack = 0;
    return heldBack;
  }
}
