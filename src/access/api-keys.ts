/** Whose an API key is: what callers send, compared with what is on record, at most a second ago. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { API_KEY_PREFIX } from '../config/config.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import type { KeyOnRecord } from './api-keys.types.js';
import { Believed } from './believed.js';
import type { Operator } from './operator.js';

const SECRET_BYTES = 32;

/** `fsk_<id>_<secret>` */
const KEY_PATTERN = new RegExp(`^${API_KEY_PREFIX}([1-9][0-9]{0,14})_([A-Za-z0-9_-]{43})$`);

interface KnownKey {
  readonly operator: Operator;
  readonly secretHash: Buffer;
  isUseDue: boolean;
}

@Injectable()
export class ApiKeys implements BeforeApplicationShutdown {
  private readonly logger = new Logger('ApiKeys');
  private readonly noting = new Set<Promise<void>>();
  private readonly known = new Believed((id) =>
    this.keys.findValid(id).then((found) => (found === null ? null : toKnown(id, found))),
  );

  constructor(private readonly keys: ApiKeysRepository) {}

  /**
   * Who has this key, the token of a header `Authorization: Bearer …`; null when it is none, a wrong one, or revoked.
   *
   * @throws whatever the database says when it can't be asked: that tells nothing of the key.
   */
  async find(bearer: string): Promise<Operator | null> {
    const [, id, secret] = KEY_PATTERN.exec(bearer) ?? [];
    if (id === undefined || secret === undefined) return null;
    const known = await this.known.find(Number(id));
    if (known === null || !timingSafeEqual(known.secretHash, hashOfSecret(secret))) return null;
    return this.used(known);
  }

  /** Who signed in with this key; null when it is revoked. Throws as {@link find} does. */
  async findSignedIn(id: number): Promise<Operator | null> {
    const known = await this.known.find(id);
    return known === null ? null : this.used(known);
  }

  /** Has a key looked up again by the next call: it was revoked. */
  forget(id: number): void {
    this.known.forget(id);
  }

  /** The pool is closed after this. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.noting);
  }

  private used(known: KnownKey): Operator {
    if (known.isUseDue) {
      known.isUseDue = false;
      this.noteUse(known.operator);
    }
    return known.operator;
  }

  /** Nobody waits for it, and what fails is noted with the next use. */
  private noteUse({ keyId }: Operator): void {
    const noting = this.keys
      .noteUse(keyId!)
      .catch((error: unknown) => this.logger.warn({ err: error, keyId }, 'The use of an API key could not be noted'))
      .finally(() => this.noting.delete(noting));
    this.noting.add(noting);
  }
}

function toKnown(id: number, { name, scopes, secretHash, isUseDue }: KeyOnRecord): KnownKey {
  return { operator: { keyId: id, name, scopes: new Set(scopes) }, secretHash, isUseDue };
}

/** A secret that nobody can guess, of characters that need no quotes anywhere. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

export function keyText(id: number, secret: string): string {
  return `${API_KEY_PREFIX}${id}_${secret}`;
}

/** A secret has 256 random bits: a plain digest hides it as well as a slow one. */
export function hashOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
