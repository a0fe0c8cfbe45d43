import { CheckoutTables1764000000000 } from './1764000000000-checkout-tables.js';
import { Payments1764100000000 } from './1764100000000-payments.js';
import { CommitMarks1764200000000 } from './1764200000000-commit-marks.js';
import { RefundAttempts1764300000000 } from './1764300000000-refund-attempts.js';
import { WiderMoney1764400000000 } from './1764400000000-wider-money.js';
import { OrderReviews1764500000000 } from './1764500000000-order-reviews.js';
import { QuantitySold1764600000000 } from './1764600000000-quantity-sold.js';
import { HoldPrice1764700000000 } from './1764700000000-hold-price.js';
import { PaymentRows1764800000000 } from './1764800000000-payment-rows.js';
import { ArchivedProducts1764900000000 } from './1764900000000-archived-products.js';
import { OutsideRefunds1765000000000 } from './1765000000000-outside-refunds.js';
import { HoldBuyers1765100000000 } from './1765100000000-hold-buyers.js';
import { Sales1765200000000 } from './1765200000000-sales.js';
import { NoticesByOrder1765300000000 } from './1765300000000-notices-by-order.js';
import { ApiKeys1765400000000 } from './1765400000000-api-keys.js';
import { AuditLog1765500000000 } from './1765500000000-audit-log.js';
import { SaleTerms1765600000000 } from './1765600000000-sale-terms.js';
import { CustomerLimits1765700000000 } from './1765700000000-customer-limits.js';
import { OrderReferences1765800000000 } from './1765800000000-order-references.js';
import { SaleLimits1765900000000 } from './1765900000000-sale-limits.js';
import { Events1766500000000 } from './1766500000000-events.js';
import { EarlyAccess1766600000000 } from './1766600000000-early-access.js';
import { PaymentSessions1766700000000 } from './1766700000000-payment-sessions.js';
import { OrderReturns1766800000000 } from './1766800000000-order-returns.js';
import { Deliveries1767000000000 } from './1767000000000-deliveries.js';
import { OrderDueAt1767200000000 } from './1767200000000-order-due-at.js';
import { UnreachableSince1767200100000 } from './1767200100000-unreachable-since.js';
import { OperatorSessions1767500000000 } from './1767500000000-operator-sessions.js';
import { KeptCurrency1767500100000 } from './1767500100000-kept-currency.js';
import { AuditTargets1767510000000 } from './1767510000000-audit-targets.js';
import { Adjustments1767700000000 } from './1767700000000-adjustments.js';
import { DelayedMethods1767700100000 } from './1767700100000-delayed-methods.js';
import { DisputedPayments1767700200000 } from './1767700200000-disputed-payments.js';
import { ProductAvailability1767800000000 } from './1767800000000-product-availability.js';
import { DisputeOutcomes1768200000000 } from './1768200000000-dispute-outcomes.js';
import { CountedRefunds1768300000000 } from './1768300000000-counted-refunds.js';

/** All migrations, oldest first. */
export const migrations = [
  CheckoutTables1764000000000,
  Payments1764100000000,
  CommitMarks1764200000000,
  RefundAttempts1764300000000,
  WiderMoney1764400000000,
  OrderReviews1764500000000,
  QuantitySold1764600000000,
  HoldPrice1764700000000,
  PaymentRows1764800000000,
  ArchivedProducts1764900000000,
  OutsideRefunds1765000000000,
  HoldBuyers1765100000000,
  Sales1765200000000,
  NoticesByOrder1765300000000,
  ApiKeys1765400000000,
  AuditLog1765500000000,
  SaleTerms1765600000000,
  CustomerLimits1765700000000,
  OrderReferences1765800000000,
  SaleLimits1765900000000,
  Events1766500000000,
  EarlyAccess1766600000000,
  PaymentSessions1766700000000,
  OrderReturns1766800000000,
  Deliveries1767000000000,
  OrderDueAt1767200000000,
  UnreachableSince1767200100000,
  OperatorSessions1767500000000,
  KeptCurrency1767500100000,
  AuditTargets1767510000000,
  Adjustments1767700000000,
  DelayedMethods1767700100000,
  DisputedPayments1767700200000,
  ProductAvailability1767800000000,
  DisputeOutcomes1768200000000,
  CountedRefunds1768300000000,
];
