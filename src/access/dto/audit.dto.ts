import { IsInt, IsString } from 'class-validator';
import { isoTime } from '../../database/sql.js';
import { Described } from '../../http/described.decorator.js';
import { DATE_TIME, TEXT_OR_NULL } from '../../http/json-schema.js';
import { pageOf } from '../../http/page.js';
import type { AuditFields, AuditRow } from '../audit.types.js';

const FIELDS = { type: ['object', 'null'], additionalProperties: true };

export class AuditEntryDto {
  @IsInt()
  id!: number;

  /** Name of the API key; `root` had the admin token, `cli` ran a command. */
  @IsString()
  actor!: string;

  /** Number of the API key; null for who needs none. */
  @Described(() => ({ type: ['integer', 'null'] }))
  key_id!: number | null;

  /** What was done, such as `product.change`. */
  @IsString()
  action!: string;

  /** What it was done to, such as `product`. */
  @IsString()
  target!: string;

  @IsString()
  target_id!: string;

  /** The fields that differ, as they were; null for what was not there. */
  @Described(() => FIELDS)
  before!: AuditFields | null;

  /** The same, as they were left. */
  @Described(() => FIELDS)
  after!: AuditFields | null;

  /** Of the request that asked for it, as in the log; null for a command. */
  @Described(() => TEXT_OR_NULL)
  request_id!: string | null;

  @Described(() => DATE_TIME)
  created_at!: string;
}

export class AuditPageDto extends pageOf(AuditEntryDto) {}

export function toAuditEntryDto(row: AuditRow): AuditEntryDto {
  return {
    id: row.id,
    actor: row.actor,
    key_id: row.keyId,
    action: row.action,
    target: row.target,
    target_id: row.targetId,
    before: row.before,
    after: row.after,
    request_id: row.requestId,
    created_at: isoTime(row.createdAt),
  };
}
