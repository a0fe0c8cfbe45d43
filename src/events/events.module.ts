import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventEntity } from './event.entity.js';
import { EventFeed } from './event-feed.js';
import { EventsAdminController } from './events.admin.controller.js';
import { EventsRepository } from './events.repository.js';
import { EventsService } from './events.service.js';
import { Sequencer } from './sequencer.js';

@Module({
  imports: [TypeOrmModule.forFeature([EventEntity])],
  controllers: [EventsAdminController],
  providers: [EventFeed, EventsRepository, EventsService, Sequencer],
  exports: [EventsService],
})
export class EventsModule {}
