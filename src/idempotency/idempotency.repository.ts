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

  /** The primary key refuses a second effect of one key: whose insert comes later starts over and finds the first. */
  insert(tx: Transaction, scope: IdempotencyScope, keys: readonly StoredKey[]): void {
    if (keys.length === 0) return;
    const values = keys.map(
      ({ key, content, reference }) => `('${scope}',${escape(key)},${escape(content)},${uuidLiteral(reference)})`,
    );
    tx.insert(`INSERT INTO idempotency_keys (scope, idempotency_key, content, reference) VALUES ${values.join(',')}`);
  }

  delete(tx: Transaction, scope: IdempotencyScope, key: string): void {
    tx.write(`DELETE FROM idempotency_keys WHERE scope = '${scope}' AND idempotency_key = ${escape(key)}`, null);
  }

  /** Deletes keys that are older than `hours`, oldest first. */
  async deleteBefore(hours: number, limit: number): Promise<number> {
    const result = await this.keys.query<ResultSetHeader>(
      `DELETE FROM idempotency_keys WHERE created_at < NOW(3) - INTERVAL ${uintLiteral(hours)} HOUR
       ORDER BY created_at LIMIT ${uintLiteral(limit)}`,
    );
    return result.affectedRows;
  }
}
