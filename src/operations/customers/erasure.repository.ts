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

/** Where a customer is named. Reads `customer_holds`, `holds` and `orders`, and writes nothing. */
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

  /** Some holds that name the customer, up to `limit`. */
  async findNamed(tx: Transaction, customerId: string, limit: number): Promise<string[]> {
    const by = (column: string): string =>
      `(SELECT hold_id FROM customer_holds WHERE ${column} = ${escape(customerId)} LIMIT ${uintLiteral(limit)})`;
    const [rows] = await tx.read<[Pick<RawNamed, 'hold_id'>[]]>(
      `SELECT hold_id FROM (${by('customer_id')} UNION ${by('limit_key')}) AS named LIMIT ${uintLiteral(limit)}`,
    );
    return rows.map(({ hold_id }) => uuidFromBinary(hold_id));
  }

  /** Which of these holds name him still. */
  async findNamedAmong(tx: Transaction, ids: readonly string[], customerId: string): Promise<NamedHold[]> {
    const [rows] = await tx.read<[RawNamed[]]>(
      `SELECT hold_id, customer_id FROM customer_holds
       WHERE hold_id IN ${listOf(ids, uuidLiteral)} AND ${escape(customerId)} IN (customer_id, limit_key)`,
    );
    return rows.map(({ hold_id, customer_id }) => ({ id: uuidFromBinary(hold_id), isHis: customer_id === customerId }));
  }
}
