import { writeFileSync } from 'node:fs';
import { createApp } from '../app.js';
import type { Config } from '../config/config.js';
import { print } from './output.js';

/** Writes the OpenAPI document of the service to a file. The service is built for it, and so needs its database. */
export async function writeOpenApi(config: Config, file: string): Promise<void> {
  const app = await createApp({ ...config, roles: [], logLevel: 'error' });
  try {
    const fastify = app.getHttpAdapter().getInstance();
    writeFileSync(file, `${JSON.stringify(fastify.swagger(), null, 2)}\n`);
    print(`The OpenAPI document is in ${file}.`);
  } finally {
    await app.close();
  }
}
