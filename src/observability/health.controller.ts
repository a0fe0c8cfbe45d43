import { Controller, Get, Inject } from '@nestjs/common';
import { IsIn, IsString } from 'class-validator';
import { Endpoint } from '../http/endpoint.decorator.js';
import { NotReadyError } from '../common/problem.js';
import { CONFIG, type Config } from '../config/config.js';
import { RedisService } from '../redis/redis.service.js';
import { Lifecycle } from '../http/lifecycle.js';
import { type DatabaseState, Readiness } from './readiness.js';
import { findCommit, VERSION } from '../config/version.js';

export class LiveDto {
  @IsIn(['ok'])
  status!: 'ok';
}

export class StartupDto {
  @IsIn(['ok'])
  status!: 'ok';

  @IsString()
  version!: string;

  /** The commit that runs, as far as it is known. */
  @IsString()
  commit!: string;
}

export class ReadyDto {
  /** `degraded`: Redis is away, so that the database alone answers, or the database is slow. */
  @IsIn(['ok', 'degraded'])
  status!: 'ok' | 'degraded';

  /** `slow`: it is there, and did not answer within half a second. */
  @IsIn(['up', 'slow'])
  database!: DatabaseState;

  @IsIn(['up', 'down'])
  redis!: 'up' | 'down';
}

@Controller('health')
export class HealthController {
  private readonly startedAs: StartupDto;

  constructor(
    private readonly readiness: Readiness,
    private readonly redis: RedisService,
    private readonly lifecycle: Lifecycle,
    @Inject(CONFIG) config: Config,
  ) {
    this.startedAs = { status: 'ok', version: VERSION, commit: findCommit(config.gitCommit) };
  }

  @Get('live')
  @Endpoint({
    tag: 'operations',
    operationId: 'getLiveness',
    summary: 'The process runs; says nothing of what it depends on',
    description: 'For whoever restarts processes that hang.',
    success: { 200: { description: 'It runs', dto: LiveDto } },
    errors: [],
  })
  live(): LiveDto {
    return { status: 'ok' };
  }

  @Get('startup')
  @Endpoint({
    tag: 'operations',
    operationId: 'getStartup',
    summary: 'The service has started; tells what it is',
    description: 'For whoever waits for a start, and for whoever wants to know which version runs.',
    success: { 200: { description: 'It has', dto: StartupDto } },
    errors: [],
  })
  startup(): StartupDto {
    return this.startedAs;
  }

  @Get('ready')
  @Endpoint({
    tag: 'operations',
    operationId: 'getReadiness',
    summary: 'The service can take requests',
    description: 'For balancers. Without Redis the service is degraded and still ready.',
    success: { 200: { description: 'It can', dto: ReadyDto } },
    errors: [],
  })
  async ready(): Promise<ReadyDto> {
    if (this.lifecycle.stage !== 'serving') throw new NotReadyError('The service is shutting down.');
    const database = await this.readiness.databaseState();
    return this.redis.isReady
      ? { status: database === 'up' ? 'ok' : 'degraded', database, redis: 'up' }
      : { status: 'degraded', database, redis: 'down' };
  }
}
