import { Global, Module } from '@nestjs/common';
import { RedisNews } from './redis-news.js';
import { RedisService } from './redis.service.js';

@Global()
@Module({ providers: [RedisNews, RedisService], exports: [RedisNews, RedisService] })
export class RedisModule {}
