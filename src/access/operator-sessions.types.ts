/** A session that has not ended; its time is UTC as the database prints it. */
export interface SessionOnRecord {
  readonly id: number;
  /** Null where it began with the admin token. */
  readonly keyId: number | null;
  /** SHA-256 of its secret; with the admin token, an HMAC under that, so that another token ends it. */
  readonly secretHash: Buffer;
  readonly expiresAt: string;
}

/** A session that just began; the token is nowhere kept. */
export interface BegunSession {
  readonly token: string;
  readonly expiresAt: string;
  /** How long it lasts. */
  readonly seconds: number;
}
