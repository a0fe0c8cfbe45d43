import type { Scope } from '../http/route-rules.js';

/** Longest name of a key, in characters. */
export const KEY_NAME_MAX = 80;

export interface NewApiKey {
  /** Who uses it, in the operator's words. */
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** A key as it is listed; times are UTC as the database prints them. */
export interface ApiKeyRow extends NewApiKey {
  readonly id: number;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** A key that was just made; its text is nowhere kept. */
export interface MadeApiKey {
  readonly row: ApiKeyRow;
  readonly key: string;
}

/** What a caller's key is compared with. */
export interface KeyOnRecord extends NewApiKey {
  /** SHA-256 of the secret. */
  readonly secretHash: Buffer;
  /** Whether its last use was noted so long ago that this one is to be noted. */
  readonly isUseDue: boolean;
}
