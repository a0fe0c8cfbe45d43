import { Injectable } from '@nestjs/common';
import type { Replacement } from '../database/text-replacement.js';
import type { Transaction } from '../database/transactions.js';
import { type Page, type PageRequest, readPage } from '../http/page.js';
import { AuditRepository } from './audit.repository.js';
import type { AuditChange, AuditFields, AuditRow, AuditTarget } from './audit.types.js';
import type { Act } from './operator.js';

/** Bytes of JSON that are kept of what was, and of what is. */
const FIELDS_BYTES_MAX = 16_384;

/** Stands for a value that is too long to be kept. */
const LEFT_OUT = '(left out: too long)';

/** What operators changed, and who did it. */
@Injectable()
export class AuditService {
  constructor(private readonly audit: AuditRepository) {}

  /**
   * Notes a change in the transaction that makes it: both are there, or neither is. Only fields that differ are kept;
   * where none does, nothing was changed and nothing is noted. An act that is tried again leaves one row.
   */
  record(tx: Transaction, act: Act, { target, id, verb, before, after }: AuditChange): void {
    const names = Object.keys({ ...before, ...after }).filter((name) => textOf(before, name) !== textOf(after, name));
    if (names.length === 0) return;
    const [was, is] = [before, after].map((fields) => (fields === null ? null : shortJson(fields, names)));
    this.audit.insert(tx, act, {
      action: `${target}.${verb}`,
      target,
      targetId: String(id),
      before: was!,
      after: is!,
    });
  }

  /** Replaces texts of what was noted of these targets: nothing else changes what was noted. */
  replaceIn(tx: Transaction, target: AuditTarget, ids: readonly string[], replacements: readonly Replacement[]): void {
    if (ids.length > 0) this.audit.replaceIn(tx, target, ids, replacements);
  }

  /** A page of the log, oldest first. */
  listEntries(page: PageRequest): Promise<Page<AuditRow>> {
    return readPage(page, (range) => this.audit.findPage(range));
  }

  /**
   * Deletes one step of what was noted more than `days` days ago.
   *
   * @returns how many were deleted.
   */
  purgeEntries(days: number, step: number): Promise<number> {
    return this.audit.deleteBefore(days, step);
  }
}

function textOf(fields: AuditFields | null, name: string): string | undefined {
  return JSON.stringify(fields?.[name]);
}

/** JSON of some fields; the longest values are left out where it would be too long. */
function shortJson(fields: AuditFields, names: readonly string[]): string {
  const kept: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, fields[name]]));
  const longestFirst = [...names].sort((a, b) => (textOf(kept, b)?.length ?? 0) - (textOf(kept, a)?.length ?? 0));
  for (const name of longestFirst) {
    const json = JSON.stringify(kept);
    if (Buffer.byteLength(json) <= FIELDS_BYTES_MAX) return json;
    kept[name] = LEFT_OUT;
  }
  return JSON.stringify(kept);
}
