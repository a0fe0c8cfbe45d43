import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape, type ResultSetHeader } from 'mysql2';
import type { Repository } from 'typeorm';
import { listOf, uintLiteral, uuidFromBinary, uuidLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import type { IdempotencyScope, StoredKey } from './idempotency-key.js';
import { IdempotencyKeyEntity } from './idempotency-key.entity.js';

type RawKey = Omit<StoredKey, 'reference'> & { reference: Buffer };

/** All SQL of the table `idempotency_keys`. */
@Injectable()
export class IdempotencyRepository {
  constructor(@InjectRepository(IdempotencyKeyEntity) private readonly keys: Repository<IdempotencyKeyEntity>) {}

  /** Read it after the locks of the transaction were granted. */
  async findByKeys(tx: Transaction, scope: IdempotencyScope, keys: Iterable<string>): Promise<StoredKey[]> {
    const [rows] = await tx.read<[RawKey[]]>(
      `SELECT idempotency_key AS \`key\`, content, reference FROM idempotency_keys
       WHERE scope = '${scope}' AND idempotency_key IN ${listOf(new Set(keys), (key) => escape(key))}`,
    );
    return rows.map((raw) => ({ ...raw, reference: uuidFromBinary(raw.reference) }));
  }

  /** The unique key refuses a second effect of one key: whose insert comes later starts over and finds the first. */
  insert(tx: Transaction, scope: IdempotencyScope, keys: readonly StoredKey[]): void {
    if (keys.length === 0) return;
    const values = keys.map(
      ({ key, content, reference }) => `('${scope}',${escape(key)},${escape(content)},${uuidLiteral(reference)})`,
    );
    tx.write(
      `INSERT INTO idempotency_keys (scope, idempotency_key, content, reference) VALUES ${values.join(',')}`,
      keys.length,
    );
  }

  /** Deletes keys that are older than `hours` among the `limit` oldest. */
  async deleteBefore(hours: number, limit: number): Promise<number> {
    const result = await this.keys.query<ResultSetHeader>(
      `DELETE k FROM idempotency_keys k
         JOIN (SELECT id FROM idempotency_keys ORDER BY id LIMIT ${uintLiteral(limit)}) oldest ON oldest.id = k.id
       WHERE k.created_at < NOW(3) - INTERVAL ${uintLiteral(hours)} HOUR`,
    );
    return result.affectedRows;
  }
}
