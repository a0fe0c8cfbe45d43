import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What operators changed. Texts of JSON are texts, which both servers give back as they are. */
export class AuditLog1765500000000 implements MigrationInterface {
  name = 'AuditLog1765500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS audit_log (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        act_id BINARY(16) NOT NULL,
        actor VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
        key_id BIGINT UNSIGNED NULL,
        action VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        target VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        target_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        fields_before TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
        fields_after TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
        request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id),
        UNIQUE KEY audit_log_act (act_id),
        KEY audit_log_created (created_at)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS audit_log');
  }
}
