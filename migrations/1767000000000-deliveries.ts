import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The shops' endpoints, and what became of each event that they are told of. */
export class Deliveries1767000000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS webhook_endpoints (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        url VARCHAR(2048) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        types TEXT CHARACTER SET ascii COLLATE ascii_bin NULL,
        secret VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        old_secret VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NULL,
        old_secret_until TIMESTAMP(3) NULL,
        position BIGINT UNSIGNED NOT NULL,
        failing_since TIMESTAMP(3) NULL,
        disabled_at TIMESTAMP(3) NULL,
        disabled_reason VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL,
        claim BINARY(16) NULL,
        claimed_until TIMESTAMP(3) NULL,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS webhook_deliveries (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        endpoint_id BIGINT UNSIGNED NOT NULL,
        sequence BIGINT UNSIGNED NOT NULL,
        hold_id BINARY(16) NULL,
        status VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        attempts TINYINT UNSIGNED NOT NULL,
        due_at TIMESTAMP(3) NULL,
        answer_status SMALLINT UNSIGNED NULL,
        answer VARBINARY(1024) NULL,
        reason VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
        took_ms INT UNSIGNED NULL,
        tried_at TIMESTAMP(3) NULL,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id),
        UNIQUE KEY webhook_deliveries_event (endpoint_id, sequence),
        KEY webhook_deliveries_due (endpoint_id, status, due_at),
        KEY webhook_deliveries_order (endpoint_id, hold_id, status),
        KEY webhook_deliveries_created (created_at)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['webhook_deliveries', 'webhook_endpoints']) {
      await runner.query(`DROP TABLE IF EXISTS ${table}`);
    }
  }
}
