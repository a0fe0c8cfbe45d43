import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { dataSourceOptions } from './data-source-options.js';
import { Transactions } from './transactions.js';

/** The connection pool and the transactions on it. The schema belongs to the migrations, never to TypeORM. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [CONFIG],
      useFactory: (config: Config) => ({
        ...dataSourceOptions(config),
        autoLoadEntities: true,
        // Also for reads outside of transactions: a database that hangs must not keep requests for ever.
        enableQueryTimeout: true,
        maxQueryExecutionTime: config.database.statementTimeoutMs,
        retryAttempts: 10,
        retryDelay: 1000,
      }),
    }),
  ],
  providers: [Transactions],
  exports: [Transactions],
})
export class DatabaseModule {}
