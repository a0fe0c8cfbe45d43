import { Injectable } from '@nestjs/common';
import { Transactions } from '../database/transactions.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { ApiKeyNotFoundError, ScopeMissingError } from './api-keys.errors.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeys, hashOfSecret, keyText, newSecret } from './api-keys.js';
import type { ApiKeyRow, MadeApiKey, NewApiKey } from './api-keys.types.js';
import { AuditService } from './audit.service.js';
import type { Act } from './operator.js';

/** What operators do with API keys. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly known: ApiKeys,
    private readonly audit: AuditService,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Makes a key; nobody can give what he has not. The answer is the only place where its text ever stands.
   *
   * @throws ScopeMissingError
   */
  async createKey(act: Act, wanted: NewApiKey): Promise<MadeApiKey> {
    const missing = wanted.scopes.find((scope) => !act.operator.scopes.has(scope));
    if (missing !== undefined) throw new ScopeMissingError([missing]);
    const secret = newSecret();
    const row = await this.transactions.run(async (tx) => {
      const made = await this.keys.insert(tx, wanted, hashOfSecret(secret));
      const { id, name, scopes } = made;
      this.audit.record(tx, act, { target: 'api_key', id, verb: 'create', before: null, after: { name, scopes } });
      return made;
    });
    return { row, key: keyText(row.id, secret) };
  }

  /** A page of the keys, revoked ones too. */
  listKeys(page: PageRequest): Promise<Page<ApiKeyRow>> {
    return readPage(page, (range) => this.keys.findPage(range));
  }

  /**
   * Ends a key: here at once, in other instances within a second. One that is revoked already stays as it is.
   *
   * @throws ApiKeyNotFoundError
   */
  async revokeKey(act: Act, id: number): Promise<void> {
    await this.transactions.run(async (tx) => {
      const row = await this.keys.lock(tx, id);
      if (row === null) throw new ApiKeyNotFoundError(id);
      if (row.revokedAt !== null) return;
      this.keys.revoke(tx, id);
      const [before, after] = [{ revoked: false }, { revoked: true }];
      this.audit.record(tx, act, { target: 'api_key', id, verb: 'revoke', before, after });
      tx.afterCommit(() => this.known.forget(id), { isHarmless: true });
    });
  }
}
