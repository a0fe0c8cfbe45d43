import { existsSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { migrations } from './migrations/index.js';
import { loadConfig } from './src/config/config.js';
import { dataSourceOptions } from './src/database/data-source-options.js';

if (existsSync('.env')) process.loadEnvFile('.env');

/** The data source of the migrations, for our CLI and for TypeORM's. */
export default new DataSource({ ...dataSourceOptions(loadConfig(process.env)), migrations });
