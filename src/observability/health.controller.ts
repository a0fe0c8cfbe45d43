import { Controller, Get, Inject } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { IsIn, IsString } from 'class-validator';
import type { DataSource } from 'typeorm';
import { Endpoint } from '../common/endpoint.decorator.js';
import { UnavailableError } from '../common/problem.js';
import { CONFIG, type Config } from '../config/config.js';
import { RedisService } from '../redis/redis.service.js';
import { findCommit, VERSION } from './version.js';

const DATABASE_PING_TIMEOUT_MS = 500;

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
  /** `degraded`: Redis is away, so the database alone answers. */
  @IsIn(['ok', 'degraded'])
  status!: 'ok' | 'degraded';

  @IsIn(['up'])
  database!: 'up';

  @IsIn(['up', 'down'])
  redis!: 'up' | 'down';
}

@Controller('health')
export class HealthController {
  private readonly startedAs: StartupDto;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly redis: RedisService,
    @Inject(CONFIG) config: Config,
  ) {
    this.startedAs = { status: 'ok', version: VERSION, commit: findCommit(config.gitCommit) };
  }

  @Get('live')
  @Endpoint({
    tag: 'operations',
    summary: 'The process runs; says nothing of what it depends on',
    success: { 200: { description: 'It runs', dto: LiveDto } },
    errors: [],
  })
  live(): LiveDto {
    return { status: 'ok' };
  }

  @Get('startup')
  @Endpoint({
    tag: 'operations',
    summary: 'The service has started; tells what it is',
    success: { 200: { description: 'It has', dto: StartupDto } },
    errors: [],
  })
  startup(): StartupDto {
    return this.startedAs;
  }

  @Get('ready')
  @Endpoint({
    tag: 'operations',
    summary: 'The service can take requests',
    success: { 200: { description: 'It can', dto: ReadyDto } },
    errors: [],
  })
  async ready(): Promise<ReadyDto> {
    await this.pingDatabase();
    return this.redis.isReady
      ? { status: 'ok', database: 'up', redis: 'up' }
      : { status: 'degraded', database: 'up', redis: 'down' };
  }

  private async pingDatabase(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), DATABASE_PING_TIMEOUT_MS);
    });
    try {
      await Promise.race([this.dataSource.query('SELECT 1'), timeout]);
    } catch (error) {
      throw new UnavailableError('The database does not answer.', error);
    } finally {
      clearTimeout(timer);
    }
  }
}
