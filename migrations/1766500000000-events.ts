import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type Columns, dropColumns } from './columns.js';
import { givingWay } from './giving-way.js';
import { hasKey } from './has-key.js';

/** How often the order has changed: each event that tells of it has one more. */
const VERSION: Columns = { version: 'INT UNSIGNED NOT NULL DEFAULT 1' };

/** Whether the edges of a sale's window were told of, which pass without any transaction. */
const EDGES: Columns = {
  is_start_told: 'TINYINT UNSIGNED NOT NULL DEFAULT 0',
  is_end_told: 'TINYINT UNSIGNED NOT NULL DEFAULT 0',
};

/**
 * What happened: the inbox, where it is written in the transaction that makes it true, and the sequence that readers see.
 * Texts of JSON are texts, which both servers give back as they are.
 */
export class Events1766500000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    const columns = `
      type VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
      occurred_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
      version INT UNSIGNED NULL,`;
    await runner.query(`
      CREATE TABLE IF NOT EXISTS event_inbox (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        ${columns}
        hold_id BINARY(16) NULL,
        data TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
        PRIMARY KEY (id)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS events (
        sequence BIGINT UNSIGNED NOT NULL,
        ${columns}
        hold_id BINARY(16) NULL,
        data TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        PRIMARY KEY (sequence),
        KEY events_hold (hold_id),
        KEY events_created (created_at)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS event_sequence (
        id TINYINT UNSIGNED NOT NULL,
        last BIGINT UNSIGNED NOT NULL,
        PRIMARY KEY (id)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
    await runner.query('INSERT IGNORE INTO event_sequence (id, last) VALUES (1, 0)');
    await addColumns(runner, 'orders', VERSION);
    await addColumns(runner, 'sales', EDGES);
    if (!(await hasKey(runner, 'sales', 'sales_untold'))) {
      await givingWay(runner, 'ALTER TABLE sales ADD KEY sales_untold (is_end_told), ALGORITHM=INPLACE, LOCK=NONE');
    }
    // What passed before there were events is told to nobody.
    await runner.query('UPDATE sales SET is_start_told = 1 WHERE starts_at <= NOW(3)');
    await runner.query('UPDATE sales SET is_end_told = 1 WHERE ends_at <= NOW(3) OR ended_at IS NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await hasKey(runner, 'sales', 'sales_untold'))
      await givingWay(runner, 'ALTER TABLE sales DROP KEY sales_untold');
    await dropColumns(runner, 'sales', EDGES);
    await dropColumns(runner, 'orders', VERSION);
    for (const table of ['event_sequence', 'events', 'event_inbox'])
      await runner.query(`DROP TABLE IF EXISTS ${table}`);
  }
}
