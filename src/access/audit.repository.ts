import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape, type ResultSetHeader } from 'mysql2';
import type { Repository } from 'typeorm';
import { narrowed, type RowRange, rowsIn } from '../database/row-range.js';
import { listOf, uintLiteral, uuidLiteral } from '../database/sql.js';
import { replacedIn, type Replacement } from '../database/text-replacement.js';
import type { Transaction } from '../database/transactions.js';
import { AuditEntryEntity } from './audit-entry.entity.js';
import type { AuditFields, AuditRow, AuditTarget } from './audit.types.js';
import type { Act } from './operator.js';

type NewAuditRow = Pick<AuditRow, 'action' | 'target' | 'targetId'> & {
  /** JSON. */
  readonly before: string | null;
  readonly after: string | null;
};

type RawRow = Omit<AuditRow, 'before' | 'after'> & { readonly before: string | null; readonly after: string | null };

const COLUMNS = `id, actor, key_id AS keyId, action, target, target_id AS targetId, fields_before AS \`before\`,
  fields_after AS \`after\`, request_id AS requestId, created_at AS createdAt`;

/** All SQL of the table `audit_log`. */
@Injectable()
export class AuditRepository {
  constructor(@InjectRepository(AuditEntryEntity) private readonly entries: Repository<AuditEntryEntity>) {}

  /** The row of an act is written once: a try whose COMMIT got no answer may have written it, and then it stays. */
  insert(tx: Transaction, { id, operator, requestId }: Act, row: NewAuditRow): void {
    const { action, target, targetId, before, after } = row;
    const rest = escape([operator.name, operator.keyId, action, target, targetId, before, after, requestId]);
    tx.insert(
      `INSERT INTO audit_log (act_id, actor, key_id, action, target, target_id, fields_before, fields_after, request_id)
       VALUES (${uuidLiteral(id)}, ${rest}) ON DUPLICATE KEY UPDATE audit_log.act_id = audit_log.act_id`,
    );
  }

  /** Rows in the order of their ids. */
  async findPage(range: RowRange): Promise<AuditRow[]> {
    const close = await narrowed(range, 'audit_log', (sql) => this.entries.query(sql));
    const rows = await this.entries.query<RawRow[]>(`SELECT ${COLUMNS} FROM audit_log a ${rowsIn(close, 'a')}`);
    return rows.map((raw) => ({ ...raw, before: fieldsOf(raw.before), after: fieldsOf(raw.after) }));
  }

  /** Replaces texts in what was noted of these targets. */
  replaceIn(tx: Transaction, target: AuditTarget, ids: readonly string[], replacements: readonly Replacement[]): void {
    const columns = ['fields_before', 'fields_after'];
    const changes = columns.map((column) => `${column} = ${replacedIn(column, replacements)}`);
    tx.write(
      `UPDATE audit_log SET ${changes.join(', ')}
       WHERE target = ${escape(target)} AND target_id IN ${listOf(ids, (id) => escape(id))}`,
      null,
    );
  }

  /** Deletes rows that are older than `days` days, oldest first. */
  async deleteBefore(days: number, limit: number): Promise<number> {
    const result = await this.entries.query<ResultSetHeader>(
      `DELETE FROM audit_log WHERE created_at < NOW(3) - INTERVAL ${uintLiteral(days)} DAY
       ORDER BY created_at LIMIT ${uintLiteral(limit)}`,
    );
    return result.affectedRows;
  }
}

function fieldsOf(json: string | null): AuditFields | null {
  return json === null ? null : (JSON.parse(json) as AuditFields);
}
