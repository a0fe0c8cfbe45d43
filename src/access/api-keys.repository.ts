import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { escape } from 'mysql2';
import type { Repository } from 'typeorm';
import { narrowed, type RowRange, rowsIn } from '../database/row-range.js';
import { uintLiteral } from '../database/sql.js';
import type { Transaction } from '../database/transactions.js';
import { type Scope, SCOPES } from '../http/route-rules.js';
import { ApiKeyEntity } from './api-key.entity.js';
import type { ApiKeyRow, KeyOnRecord, NewApiKey } from './api-keys.types.js';

type Raw<Row extends NewApiKey> = Omit<Row, 'scopes'> & { readonly scopes: string };

const COLUMNS = 'id, name, scopes, created_at AS createdAt, last_used_at AS lastUsedAt, revoked_at AS revokedAt';

/** By the database's clock: all instances together note the use of a key once a minute. */
const USE_IS_DUE = '(last_used_at IS NULL OR last_used_at < NOW(3) - INTERVAL 1 MINUTE)';

/** All SQL of the table `api_keys`. */
@Injectable()
export class ApiKeysRepository {
  constructor(@InjectRepository(ApiKeyEntity) private readonly keys: Repository<ApiKeyEntity>) {}

  /** A key that is not revoked. */
  async findValid(id: number): Promise<KeyOnRecord | null> {
    const [row] = await this.keys.query<(Raw<Omit<KeyOnRecord, 'isUseDue'>> & { isUseDue: 0 | 1 })[]>(
      `SELECT name, scopes, secret_hash AS secretHash, ${USE_IS_DUE} AS isUseDue
       FROM api_keys WHERE id = ${uintLiteral(id)} AND revoked_at IS NULL`,
    );
    return row === undefined ? null : { ...row, scopes: scopesOf(row.scopes), isUseDue: Number(row.isUseDue) === 1 };
  }

  async noteUse(id: number): Promise<void> {
    await this.keys.query(`UPDATE api_keys SET last_used_at = NOW(3) WHERE id = ${uintLiteral(id)} AND ${USE_IS_DUE}`);
  }

  /** Keys in the order of their ids, revoked ones too. */
  async findPage(range: RowRange): Promise<ApiKeyRow[]> {
    const close = await narrowed(range, 'api_keys', (sql) => this.keys.query(sql));
    const rows = await this.keys.query<Raw<ApiKeyRow>[]>(`SELECT ${COLUMNS} FROM api_keys k ${rowsIn(close, 'k')}`);
    return rows.map(toRow);
  }

  /** Locks a key until the transaction ends. */
  async lock(tx: Transaction, id: number): Promise<ApiKeyRow | null> {
    const [[row]] = await tx.read<[Raw<ApiKeyRow>[]]>(
      `SELECT ${COLUMNS} FROM api_keys WHERE id = ${uintLiteral(id)} FOR UPDATE`,
    );
    return row === undefined ? null : toRow(row);
  }

  async insert(tx: Transaction, { name, scopes }: NewApiKey, secretHash: Buffer): Promise<ApiKeyRow> {
    tx.insert(
      `INSERT INTO api_keys (name, scopes, secret_hash) VALUES (${escape([name, scopes.join(','), secretHash])})`,
    );
    const [[row]] = await tx.read<[[Raw<ApiKeyRow>]]>(`SELECT ${COLUMNS} FROM api_keys WHERE id = LAST_INSERT_ID()`);
    return toRow(row);
  }

  /** Revokes a locked key. */
  revoke(tx: Transaction, id: number): void {
    tx.write(`UPDATE api_keys SET revoked_at = NOW(3) WHERE id = ${uintLiteral(id)} AND revoked_at IS NULL`, 1);
  }
}

function toRow(raw: Raw<ApiKeyRow>): ApiKeyRow {
  return { ...raw, scopes: scopesOf(raw.scopes) };
}

/** Without those that only another version knows. */
function scopesOf(text: string): Scope[] {
  const named = new Set(text.split(','));
  return SCOPES.filter((scope) => named.has(scope));
}
