// Asks the built service's holds for expired ones, many times, and prints how long each time took, in ms.

import { NestFactory } from '@nestjs/core';

import { AppModule } from '../dist/src/app.module.js';
import { loadConfig } from '../dist/src/config/config.js';
import { HoldsService } from '../dist/src/holds/holds.service.js';

const TICKS = 100;

const config = { ...loadConfig(process.env), roles: [] };
const app = await NestFactory.createApplicationContext(AppModule.forRoot(config), { logger: false });
const holds = app.get(HoldsService);
const times = [];
for (let tick = 0; tick < TICKS; tick++) {
  const begin = performance.now();
  const found = await holds.findProductsWithExpired();
  times.push(performance.now() - begin);
  if (found.length > 0) throw new Error('Something is due');
}
process.stdout.write(JSON.stringify(times), () => process.exit());
