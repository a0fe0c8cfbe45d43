import { Injectable } from '@nestjs/common';

/** Whether this process still takes requests. */
@Injectable()
export class Lifecycle {
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  /** From here on new requests are refused; those that came before are answered. */
  drain(): void {
    this.draining = true;
  }
}
