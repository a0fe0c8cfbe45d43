import { listOf, uintLiteral, uuidLiteral } from './sql.js';

/**
 * SQL of the table `commit_marks`: a row tells that the transaction which wrote it was committed. Whether it did is
 * told by the primary key (see `Transactions.run`) or, to who has the locks that the transaction had, by a read. Ids are
 * UUIDv7, so they are also in the order of their time.
 */
export function insertMark(id: string): string {
  return `INSERT INTO commit_marks (id) VALUES (${uuidLiteral(id)})`;
}

export function selectMarks(ids: Iterable<string>): string {
  return `SELECT id FROM commit_marks WHERE id IN ${listOf(ids, uuidLiteral)}`;
}

/** Deletes marks that were made before `epochMs`, oldest first. */
export function deleteMarksBefore(epochMs: number, limit: number): string {
  const firstIdOfThen = `0x${epochMs.toString(16).padStart(12, '0').padEnd(32, '0')}`;
  return `DELETE FROM commit_marks WHERE id < ${firstIdOfThen} ORDER BY id LIMIT ${uintLiteral(limit)}`;
}
