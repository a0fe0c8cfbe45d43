import { Injectable } from '@nestjs/common';
import { escape } from 'mysql2';
import { listOf, uintLiteral, uuidFromBinary, uuidLiteral } from '../../database/sql.js';
import type { Transaction } from '../../database/transactions.js';

/** A hold that names a customer: it is his, or counts in what limits count under his name. */
export interface NamedHold {
  readonly id: string;
  readonly isHis: boolean;
}

interface RawNamed {
  readonly hold_id: Buffer;
  readonly customer_id: string;
}

interface RawNoted {
  readonly target_id: string;
}

const NOTED = "SELECT target_id FROM audit_log WHERE target = 'hold'";

/** Where a customer is named. Reads `customer_holds`, `holds`, `orders` and `audit_log`, and writes nothing. */
@Injectable()
export class ErasureRepository {
  /** Whether the customer holds units, by the clock, or has an order that waits for its payment. */
  async isActive(tx: Transaction, customerId: string): Promise<boolean> {
    const [rows] = await tx.read<[unknown[]]>(
      `SELECT 1 FROM customer_holds c STRAIGHT_JOIN holds h ON h.id = c.hold_id LEFT JOIN orders o ON o.hold_id = h.id
       WHERE c.customer_id = ${escape(customerId)} AND c.units > 0
         AND (h.used = 0 AND h.released = 0 AND h.expires_at > NOW(3) OR o.status = 'pending_payment') LIMIT 1`,
    );
    return rows.length > 0;
  }

  /** Some holds that name the customer, up to `limit`; last those of which only what operators noted may be left. */
  async findNamed(tx: Transaction, customerId: string, limit: number): Promise<string[]> {
    const by = (column: string): string =>
      `(SELECT hold_id FROM customer_holds WHERE ${column} = ${escape(customerId)} LIMIT ${uintLiteral(limit)})`;
    const [rows] = await tx.read<[Pick<RawNamed, 'hold_id'>[]]>(
      `SELECT hold_id FROM (${by('customer_id')} UNION ${by('limit_key')}) AS named LIMIT ${uintLiteral(limit)}`,
    );
    const ids = rows.map(({ hold_id }) => uuidFromBinary(hold_id));
    if (ids.length === limit) return ids;
    // There is no index on whom operators noted, and they make few holds: this is read once, and locks nothing.
    const [noted] = await tx.read<[RawNoted[]]>(`${NOTED} AND ${names(customerId)} LIMIT ${uintLiteral(limit)}`);
    return [...new Set([...ids, ...noted.map(({ target_id }) => target_id)])].slice(0, limit);
  }

  /** Which of these holds name him still. Locks what operators noted of them: a hold that is gone has no other lock. */
  async findNamedAmong(tx: Transaction, ids: readonly string[], customerId: string): Promise<NamedHold[]> {
    const [rows, noted] = await tx.read<[RawNamed[], RawNoted[]]>(
      `SELECT hold_id, customer_id FROM customer_holds
       WHERE hold_id IN ${listOf(ids, uuidLiteral)} AND ${escape(customerId)} IN (customer_id, limit_key)`,
      `${NOTED} AND target_id IN ${listOf(ids, (id) => escape(id))} AND ${names(customerId)} FOR UPDATE`,
    );
    const isHis = new Map(
      rows.map(({ hold_id, customer_id }) => [uuidFromBinary(hold_id), customer_id === customerId]),
    );
    for (const { target_id } of noted) isHis.set(target_id, true);
    return Array.from(isHis, ([id, his]) => ({ id, isHis: his }));
  }
}

/** As JSON shows whose something is. */
export function textOf(customerId: string): string {
  return `"customer_id":${JSON.stringify(customerId)}`;
}

/** SQL of a condition: what was noted of a hold, when it was made, says that it is his. */
function names(customerId: string): string {
  return `LOCATE(${escape(textOf(customerId))}, fields_after) > 0`;
}
