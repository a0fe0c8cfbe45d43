import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { AppModule } from '../app.module.js';
import type { Config } from '../config/config.js';
import { startWithDatabase } from '../database/database-errors.js';
import { createLogger } from '../observability/logger.js';

/** Gives a command the services of the application, without HTTP, workers or schedules, and closes them after it. */
export async function withServices<T>(config: Config, work: (app: INestApplicationContext) => Promise<T>): Promise<T> {
  // What fails is thrown, and told once.
  const options = { logger: createLogger({ ...config, logLevel: 'fatal' }), abortOnError: false };
  const app = await startWithDatabase(config.database, () =>
    NestFactory.createApplicationContext(AppModule.forRoot({ ...config, roles: [] }), options),
  );
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
