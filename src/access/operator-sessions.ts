/** Who is signed in at the console: the cookie of a browser, compared with what is on record, at most a second ago. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { isoTime } from '../database/sql.js';
import { Transactions } from '../database/transactions.js';
import { ApiKeys, hashOfSecret, newSecret } from './api-keys.js';
import { AuditService } from './audit.service.js';
import { Believed } from './believed.js';
import { type Act, type Operator, ROOT } from './operator.js';
import { OperatorSessionsRepository } from './operator-sessions.repository.js';
import type { BegunSession, SessionOnRecord } from './operator-sessions.types.js';

/** The longest day of a sale. A page that is open asks all the time, so a limit on idling would end nothing. */
const SESSION_SECONDS = 12 * 3600;

/** `<id>_<secret>` */
const TOKEN_PATTERN = /^([1-9][0-9]{0,14})_([A-Za-z0-9_-]{43})$/;

export interface SignedIn {
  readonly operator: Operator;
  readonly session: SessionOnRecord;
}

/**
 * Sessions are rows, not sealed cookies: signing out ends one for good, also for who copied the cookie; a backup has
 * nothing that opens; there is no secret more to be set and changed; and Redis may be empty at any time.
 */
@Injectable()
export class OperatorSessions {
  private readonly known = new Believed((id) => this.sessions.findValid(id));

  constructor(
    private readonly sessions: OperatorSessionsRepository,
    private readonly keys: ApiKeys,
    private readonly audit: AuditService,
    private readonly transactions: Transactions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Begins a session of who makes the call. Its token is in the answer alone. */
  begin(act: Act): Promise<BegunSession> {
    const secret = newSecret();
    const { keyId } = act.operator;
    return this.transactions.run(async (tx) => {
      const hash = this.hashOf(secret, keyId);
      const { id, expiresAt } = await this.sessions.insert(tx, keyId, hash, SESSION_SECONDS);
      this.audit.record(tx, act, {
        target: 'session',
        id,
        verb: 'begin',
        before: null,
        after: { expires_at: isoTime(expiresAt) },
      });
      return { token: `${id}_${secret}`, expiresAt, seconds: SESSION_SECONDS };
    });
  }

  /**
   * Whose session a token is of; null when it is none, a wrong one or at its end, or when its key is revoked.
   *
   * @throws whatever the database says when it can't be asked: that tells nothing of the session.
   */
  async find(token: string): Promise<SignedIn | null> {
    const [, id, secret] = TOKEN_PATTERN.exec(token) ?? [];
    if (id === undefined || secret === undefined) return null;
    const session = await this.known.find(Number(id));
    if (session === null || !timingSafeEqual(session.secretHash, this.hashOf(secret, session.keyId))) return null;
    const operator = session.keyId === null ? this.root() : await this.keys.findSignedIn(session.keyId);
    return operator === null ? null : { operator, session };
  }

  /** Ends a session: here at once, in other instances within a second. One that has ended stays so. */
  async end(act: Act, { id }: SessionOnRecord): Promise<void> {
    await this.transactions.run(async (tx) => {
      if (!(await this.sessions.isThere(tx, id))) return;
      this.sessions.delete(tx, id);
      this.audit.record(tx, act, {
        target: 'session',
        id,
        verb: 'end',
        before: { ended: false },
        after: { ended: true },
      });
      tx.afterCommit(() => this.known.forget(id), { isHarmless: true });
    });
  }

  /**
   * Deletes one step of the sessions that are at their end.
   *
   * @returns how many were deleted.
   */
  purgeSessions(step: number): Promise<number> {
    return this.sessions.deleteExpired(step);
  }

  private root(): Operator | null {
    return this.config.adminToken === '' ? null : ROOT;
  }

  /** The admin token is mixed in where it was what let the operator in: another one ends the session. */
  private hashOf(secret: string, keyId: number | null): Buffer {
    return keyId === null ? createHmac('sha256', this.config.adminToken).update(secret).digest() : hashOfSecret(secret);
  }
}
