// Asks the built service's holds for expired ones, many times, and prints how long each time took, in ms.

import { NestFactory } from '@nestjs/core';

/** A module of the build, which need not be there to check this file. */
const built = (path) => import(new URL(`../dist/src/${path}`, import.meta.url).href);
const { AppModule } = await built('app.module.js');
const { loadConfig } = await built('config/config.js');
const { Releasing } = await built('holds/releasing/releasing.js');

const TICKS = 100;

const config = { ...loadConfig(process.env), roles: [] };
const app = await NestFactory.createApplicationContext(AppModule.forRoot(config), { logger: false });
const releasing = app.get(Releasing);
const times = [];
for (let tick = 0; tick < TICKS; tick++) {
  const begin = performance.now();
  const overdueMs = await releasing.findOverdueMs();
  times.push(performance.now() - begin);
  if (overdueMs > 0) throw new Error('Something is due');
}
process.stdout.write(JSON.stringify(times), () => process.exit());
