import { Logger } from '@nestjs/common';
import { createLogger } from '../../src/observability/logger.js';
import type { Config } from '../../src/config/config.js';

/** The log lines of all services of this file, at every level. */
export class LogCapture {
  text = '';

  constructor(config: Pick<Config, 'appEnv'>) {
    Logger.overrideLogger(
      createLogger({ appEnv: config.appEnv, logLevel: 'debug' }, { write: (line) => (this.text += line) }),
    );
  }

  get lines(): Record<string, unknown>[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}
