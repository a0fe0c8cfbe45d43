import { setTimeout as pause } from 'node:timers/promises';

/**
 * A reading that is shared: who asks gets one that began after he asked, so that it knows all that he knows. One at a
 * time, with a pause between, however many ask.
 */
export class NextReading {
  private next: Promise<void> | undefined;
  private last: Promise<unknown> = Promise.resolve();

  /** @param pauseMs least time between the end of one reading and the beginning of the next one. */
  constructor(
    private readonly read: () => Promise<void>,
    private readonly pauseMs: number,
  ) {}

  /** @throws what the reading throws. */
  ask(): Promise<void> {
    return (this.next ??= this.begin());
  }

  private async begin(): Promise<void> {
    await this.last;
    this.next = undefined;
    const reading = this.read();
    this.last = reading.catch(() => undefined).then(() => pause(this.pauseMs, undefined, { ref: false }));
    return reading;
  }
}
