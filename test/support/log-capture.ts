import { Logger } from '@nestjs/common';
import type { Tracing } from '../../src/tracing/tracing.types.js';
import { createLogger } from '../../src/observability/logger.js';
import type { Config } from '../../src/config/config.js';

/** The log lines of all services of this file, at every level. */
export class LogCapture {
  text = '';

  constructor({ appEnv }: Pick<Config, 'appEnv'>, tracing: Tracing | null = null) {
    const kept = { write: (line: string) => (this.text += line) };
    Logger.overrideLogger(createLogger({ appEnv, logLevel: 'debug' }, kept, tracing));
  }

  get lines(): Record<string, unknown>[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}
