import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape, type ResultSetHeader } from 'mysql2';
import type { Repository } from 'typeorm';
import { uintLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import { OperatorSessionEntity } from './operator-session.entity.js';
import type { SessionOnRecord } from './operator-sessions.types.js';

const COLUMNS = 'id, key_id AS keyId, secret_hash AS secretHash, expires_at AS expiresAt';

/** All SQL of the table `operator_sessions`. */
@Injectable()
export class OperatorSessionsRepository {
  constructor(@InjectRepository(OperatorSessionEntity) private readonly sessions: Repository<OperatorSessionEntity>) {}

  /** A session that has not ended. */
  async findValid(id: number): Promise<SessionOnRecord | null> {
    const [row] = await this.sessions.query<SessionOnRecord[]>(
      `SELECT ${COLUMNS} FROM operator_sessions WHERE id = ${uintLiteral(id)} AND expires_at > NOW(3)`,
    );
    return row ?? null;
  }

  async insert(tx: Transaction, keyId: number | null, secretHash: Buffer, seconds: number): Promise<SessionOnRecord> {
    tx.insert(
      `INSERT INTO operator_sessions (key_id, secret_hash, expires_at)
       VALUES (${escape([keyId, secretHash])}, NOW(3) + INTERVAL ${uintLiteral(seconds)} SECOND)`,
    );
    const [[row]] = await tx.read<[[SessionOnRecord]]>(
      `SELECT ${COLUMNS} FROM operator_sessions WHERE id = LAST_INSERT_ID()`,
    );
    return row;
  }

  /** Locks a session until the transaction ends. */
  async isThere(tx: Transaction, id: number): Promise<boolean> {
    const [rows] = await tx.read<[unknown[]]>(
      `SELECT id FROM operator_sessions WHERE id = ${uintLiteral(id)} FOR UPDATE`,
    );
    return rows.length > 0;
  }

  /** Deletes a locked session. */
  delete(tx: Transaction, id: number): void {
    tx.write(`DELETE FROM operator_sessions WHERE id = ${uintLiteral(id)}`, 1);
  }

  /** Deletes sessions that have ended, oldest first. */
  async deleteExpired(limit: number): Promise<number> {
    const result = await this.sessions.query<ResultSetHeader>(
      `DELETE FROM operator_sessions WHERE expires_at <= NOW(3) ORDER BY expires_at LIMIT ${uintLiteral(limit)}`,
    );
    return result.affectedRows;
  }
}
