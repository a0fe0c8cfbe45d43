/** What is changed, and what was done to it: `<target>.<verb>`. */
export type AuditTarget =
  'api_key' | 'customer' | 'endpoint' | 'hold' | 'order' | 'payment_event' | 'product' | 'refund' | 'sale' | 'session';

/** Values of a target by name, as the API names them; never a key nor a secret. */
export type AuditFields = Readonly<Record<string, unknown>>;

/** What an operator does to one thing. */
export interface AuditChange {
  readonly target: AuditTarget;
  readonly id: number | string;
  /** A verb, such as `create`. */
  readonly verb: string;
  /** Null for what was not there before. */
  readonly before: AuditFields | null;
  readonly after: AuditFields | null;
}

/** A row of the audit log; its time is UTC as the database prints it. */
export interface AuditRow {
  readonly id: number;
  readonly actor: string;
  readonly keyId: number | null;
  readonly action: string;
  readonly target: AuditTarget;
  readonly targetId: string;
  readonly before: AuditFields | null;
  readonly after: AuditFields | null;
  readonly requestId: string | null;
  readonly createdAt: string;
}
