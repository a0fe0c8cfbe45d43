/** Whose an API key is: what callers send, compared with what is on record, at most a second ago. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { API_KEY_PREFIX } from '../config/config.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import type { KeyOnRecord } from './api-keys.types.js';
import type { Operator } from './operator.js';

/** How long what was found is believed: a key that is revoked ends so much later everywhere. */
const BELIEVED_MS = 1000;

/** Keys that are kept in memory; past them the one that was looked up first is looked up again. */
const KEPT_MAX = 1000;

const SECRET_BYTES = 32;

/** `fsk_<id>_<secret>` */
const KEY_PATTERN = new RegExp(`^${API_KEY_PREFIX}([1-9][0-9]{0,14})_([A-Za-z0-9_-]{43})$`);

interface Looked {
  /** When the look began, in milliseconds: what is found is as of later. */
  readonly at: number;
  readonly key: Promise<{ readonly operator: Operator; readonly secretHash: Buffer; isUseDue: boolean } | null>;
}

@Injectable()
export class ApiKeys implements BeforeApplicationShutdown {
  private readonly logger = new Logger('ApiKeys');
  private readonly looked = new Map<number, Looked>();
  private readonly noting = new Set<Promise<void>>();

  constructor(private readonly keys: ApiKeysRepository) {}

  /**
   * Who has this key, the token of a header `Authorization: Bearer …`; null when it is none, a wrong one, or revoked.
   *
   * @throws whatever the database says when it can't be asked: that tells nothing of the key.
   */
  async find(bearer: string): Promise<Operator | null> {
    const [, id, secret] = KEY_PATTERN.exec(bearer) ?? [];
    if (id === undefined || secret === undefined) return null;
    const known = await this.lookUp(Number(id));
    if (known === null || !timingSafeEqual(known.secretHash, hashOfSecret(secret))) return null;
    if (known.isUseDue) {
      known.isUseDue = false;
      this.noteUse(known.operator);
    }
    return known.operator;
  }

  /** Has a key looked up again by the next call: it was revoked. */
  forget(id: number): void {
    this.looked.delete(id);
  }

  /** The pool is closed after this. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.noting);
  }

  /**
   * Calls with one key share a look. That there is no such key is not kept: one that is made this moment counts at once,
   * and to ask for keys that do not exist costs a stranger what any read of one row does.
   */
  private lookUp(id: number): Looked['key'] {
    const now = performance.now();
    const last = this.looked.get(id);
    if (last !== undefined && now - last.at < BELIEVED_MS) return last.key;
    const key = this.keys.findValid(id).then((found) => (found === null ? null : toKnown(id, found)));
    const look: Looked = { at: now, key };
    const drop = (): void => {
      if (this.looked.get(id) === look) this.looked.delete(id);
    };
    key.then((found) => {
      if (found === null) drop();
    }, drop);
    this.looked.delete(id);
    this.looked.set(id, look);
    if (this.looked.size > KEPT_MAX) this.looked.delete(this.looked.keys().next().value!);
    return key;
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

function toKnown(id: number, { name, scopes, secretHash, isUseDue }: KeyOnRecord) {
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
