import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Marks by which a transaction that is run again learns whether an earlier try of it was committed. */
export class CommitMarks1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS commit_marks (
        id BINARY(16) NOT NULL,
        PRIMARY KEY (id)
      ) ENGINE=InnoDB`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS commit_marks');
  }
}
