import { Controller, Get } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { IsIn } from 'class-validator';
import type { DataSource } from 'typeorm';
import { Endpoint } from '../common/endpoint.decorator.js';
import { UnavailableError } from '../common/problem.js';
import { RedisService } from '../redis/redis.service.js';

const DATABASE_PING_TIMEOUT_MS = 500;

export class LiveDto {
  @IsIn(['ok'])
  status!: 'ok';
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
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly redis: RedisService,
  ) {}

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
