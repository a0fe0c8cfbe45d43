import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { Schedules } from '../queue/schedules.js';
import { AvailabilityTelling } from './availability-telling.js';

/** Has it told which products have sold out, or come back: one look at all of them, for which no job is worth it. */
@Injectable()
export class AvailabilitySchedule implements OnModuleInit {
  constructor(
    private readonly telling: AvailabilityTelling,
    private readonly schedules: Schedules,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add('availability', this.config.schedules.availability, () => this.telling.tellChanges());
  }
}
