import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AdminGate } from './admin-gate.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { ApiKeys } from './api-keys.js';
import { ApiKeysAdminController } from './api-keys.admin.controller.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuditAdminController } from './audit.admin.controller.js';
import { AuditEntryEntity } from './audit-entry.entity.js';
import { AuditRepository } from './audit.repository.js';
import { AuditService } from './audit.service.js';
import { BuyerKeys } from './buyer-keys.js';
import { BuyerTokens } from './buyer-tokens.js';
import { OperatorSessionEntity } from './operator-session.entity.js';
import { OperatorSessions } from './operator-sessions.js';
import { OperatorSessionsRepository } from './operator-sessions.repository.js';
import { SessionsAdminController } from './sessions.admin.controller.js';

/** Who is calling, and what operators changed. */
@Module({
  imports: [TypeOrmModule.forFeature([ApiKeyEntity, AuditEntryEntity, OperatorSessionEntity])],
  controllers: [ApiKeysAdminController, AuditAdminController, SessionsAdminController],
  providers: [
    AdminGate,
    BuyerKeys,
    BuyerTokens,
    ApiKeys,
    ApiKeysService,
    ApiKeysRepository,
    AuditService,
    AuditRepository,
    OperatorSessions,
    OperatorSessionsRepository,
  ],
  exports: [AdminGate, BuyerKeys, BuyerTokens, ApiKeys, ApiKeysService, AuditService, OperatorSessions],
})
export class AccessModule {}
