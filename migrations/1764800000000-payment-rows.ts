import type { MigrationInterface, QueryRunner } from 'typeorm';
import { hasKey } from './has-key.js';
import { inSteps } from './in-steps.js';

/** Says nothing about a payment that has its row already, so that an interrupted run can be repeated. */
const ONCE = 'ON DUPLICATE KEY UPDATE payments.provider = payments.provider';

/**
 * A row for each payment, with its order and with what of it went back; and refunds that are several a payment, each
 * with its cause. What was paid before is filled in from what is there, in steps.
 */
export class PaymentRows1764800000000 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    // The event that money went back may come before the one that it came: then neither order nor amount is known.
    // refund_failed_at is of the provider's clock, and so are years that a TIMESTAMP does not have.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS payments (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
        provider VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        transaction_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        order_id BIGINT UNSIGNED NULL,
        amount DECIMAL(15,3) NULL,
        currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NULL,
        amount_refunded DECIMAL(15,3) NOT NULL DEFAULT 0,
        refund_failed_at DATETIME(3) NULL,
        disputed_at TIMESTAMP(3) NULL DEFAULT NULL,
        created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
        PRIMARY KEY (id),
        UNIQUE KEY payments_transaction (provider, transaction_id),
        KEY payments_order (order_id),
        CONSTRAINT payments_refunded_at_most CHECK (amount_refunded <= amount)
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`);
    await this.changeRefunds(runner);
    await this.fillByEvents(runner);
    await this.fillByOrders(runner);
    await this.fillByRefunds(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await hasKey(runner, 'refunds', 'refunds_cause')) {
      await runner.query('DELETE FROM refunds WHERE order_id IS NULL');
      await runner.query(
        `ALTER TABLE refunds ADD UNIQUE KEY refunds_payment (order_id, transaction_id), DROP KEY refunds_cause,
           DROP COLUMN cause, DROP COLUMN cause_ref, MODIFY order_id BIGINT UNSIGNED NOT NULL`,
      );
    }
    await runner.query('DROP TABLE IF EXISTS payments');
  }

  /** The new key is there before the old one goes. Instances of the version before name no cause: they know one alone. */
  private async changeRefunds(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('refunds', 'cause'))) {
      await runner.query(
        `ALTER TABLE refunds ADD COLUMN cause VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'late',
           ADD COLUMN cause_ref VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''`,
      );
    }
    if (!(await hasKey(runner, 'refunds', 'refunds_cause'))) {
      await runner.query(
        `ALTER TABLE refunds MODIFY order_id BIGINT UNSIGNED NULL,
           ADD UNIQUE KEY refunds_cause (order_id, transaction_id, cause, cause_ref)`,
      );
      await runner.query(
        "UPDATE refunds r JOIN orders o ON o.id = r.order_id SET r.cause = 'duplicate', r.updated_at = r.updated_at WHERE o.status = 'paid'",
      );
    }
    if (await hasKey(runner, 'refunds', 'refunds_payment'))
      await runner.query('ALTER TABLE refunds DROP KEY refunds_payment');
  }

  /** What paid an order, as its event told it, with its provider. */
  private fillByEvents(runner: QueryRunner): Promise<void> {
    const told = (field: string): string => `JSON_UNQUOTE(JSON_EXTRACT(w.payload, '$.${field}'))`;
    const tellsAmount = "JSON_TYPE(JSON_EXTRACT(w.payload, '$.amount')) = 'STRING'";
    const tellsCurrency = "JSON_TYPE(JSON_EXTRACT(w.payload, '$.currency')) = 'STRING'";
    return inSteps(
      runner,
      'webhook_logs',
      (from, to) =>
        `INSERT INTO payments (provider, transaction_id, order_id, amount, currency)
         SELECT ${told('provider')}, o.paid_transaction_id, o.id, IF(${tellsAmount}, ${told('amount')}, o.amount),
           IF(${tellsCurrency}, ${told('currency')}, NULL)
         FROM webhook_logs w JOIN orders o ON o.id = w.order_id
         WHERE w.id > ${from} AND w.id <= ${to} AND ${told('status')} = 'success'
           AND o.paid_transaction_id = ${told('transactionId')} ${ONCE}`,
    );
  }

  /** What paid an order whose event was deleted since: by the form of its number it is Stripe's, or else generic. */
  private fillByOrders(runner: QueryRunner): Promise<void> {
    return inSteps(
      runner,
      'orders',
      (from, to) =>
        `INSERT INTO payments (provider, transaction_id, order_id, amount)
         SELECT IF(o.paid_transaction_id REGEXP '^(pi|cs|ch|py)_', 'stripe', 'generic'), o.paid_transaction_id, o.id, o.amount
         FROM orders o LEFT JOIN payments p ON p.order_id = o.id
         WHERE o.id > ${from} AND o.id <= ${to} AND o.paid_transaction_id IS NOT NULL AND p.id IS NULL ${ONCE}`,
    );
  }

  private fillByRefunds(runner: QueryRunner): Promise<void> {
    return inSteps(
      runner,
      'refunds',
      (from, to) =>
        `INSERT INTO payments (provider, transaction_id, order_id, amount, currency, amount_refunded)
         SELECT provider, transaction_id, order_id, amount, currency, IF(status = 'confirmed', COALESCE(amount, 0), 0)
         FROM refunds WHERE id > ${from} AND id <= ${to} ${ONCE}`,
    );
  }
}
