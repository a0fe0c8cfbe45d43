import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who is signed in at the console. Of the cookie only a digest is kept: a backup lets nobody in. */
export class OperatorSessions1767500000000 implements MigrationInterface {
  name = 'OperatorSessions1767500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS operator_sessions (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        key_id BIGINT UNSIGNED NULL,
        secret_hash BINARY(32) NOT NULL,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        expires_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id),
        KEY operator_sessions_expires (expires_at)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS operator_sessions');
  }
}
