import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/**
 * How far the process is on its way out, in this order:
 * - `serving`
 * - `leaving`: it says that it is not ready, and goes on as before, until nobody sends it anything any more
 * - `closing`: it takes no new connections; those that are open end with their next answer
 * - `draining`: what still comes is refused; who has no request under way is cut off
 */
export type Stage = 'serving' | 'leaving' | 'closing' | 'draining';

@Injectable()
export class Lifecycle implements OnModuleDestroy {
  private current: Stage = 'serving';

  get stage(): Stage {
    return this.current;
  }

  enter(stage: Exclude<Stage, 'serving'>): void {
    this.current = stage;
  }

  /** However the application is closed, its parts end one after the other from here on. */
  onModuleDestroy(): void {
    this.enter('draining');
  }
}
