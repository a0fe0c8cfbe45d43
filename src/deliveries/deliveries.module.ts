import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessModule } from '../access/access.module.js';
import { EventsModule } from '../events/events.module.js';
import { DELIVERIES, DeliveriesProcessor } from './deliveries.processor.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { DeliveriesSchedule } from './deliveries.schedule.js';
import { DeliveryEntity } from './delivery.entity.js';
import { Dispatching } from './dispatching.js';
import { EndpointEntity } from './endpoint.entity.js';
import { EndpointsAdminController } from './endpoints.admin.controller.js';
import { EndpointsRepository } from './endpoints.repository.js';
import { EndpointsService } from './endpoints.service.js';
import { Sender } from './sender.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([EndpointEntity, DeliveryEntity]),
    BullModule.registerQueue({ name: DELIVERIES }),
    AccessModule,
    EventsModule,
  ],
  controllers: [EndpointsAdminController],
  providers: [
    EndpointsService,
    EndpointsRepository,
    DeliveriesRepository,
    Dispatching,
    Sender,
    DeliveriesProcessor,
    DeliveriesSchedule,
  ],
  exports: [EndpointsService],
})
export class DeliveriesModule {}
