import { fromThousandths, toThousandths } from '../../common/money.js';
import { UnavailableError } from '../../common/problem.js';
import type { Config } from '../../config/config.js';
import { databaseTime } from '../../database/sql.js';
import {
  type ListedPayment,
  type MadeRefund,
  type PaymentListPort,
  type PaymentProvider,
  type PaymentSessionsPort,
  ProviderUnavailableError,
  type RefundOrder,
  RefundRefusedError,
  SessionRefusedError,
  type SessionReport,
} from '../payment-provider.js';
import { isAuthenticBy, STANDARD_WEBHOOKS } from '../signatures.js';
import { leftOf, type SimulatedAccount } from './simulated-account.js';
import { SIMULATED, toPaymentEvent } from './simulated-events.js';
import type { SimulatedPayment, SimulatedRefund } from './simulated-payment.js';

/** It has no limit of its own; this one keeps it from taking a sale's connections to the database. */
const CALLS_PER_SECOND = 50;

/**
 * A provider that moves no money, so that the whole way is walked without an account: by the same port as the others, with
 * a page of its own, and with notices that come to our own route. It is not there in production.
 */
export function simulatedProvider({ payments }: Config, account: SimulatedAccount): PaymentProvider | null {
  const { webhookSecrets: secrets } = payments.simulated;
  if (secrets.length === 0) return null;
  return {
    name: SIMULATED,
    secrets,
    isAuthentic: (notice, nowSeconds) => isAuthenticBy([STANDARD_WEBHOOKS], notice, secrets, nowSeconds),
    toEvent: toPaymentEvent,
    sendRefund: (refund) => sendRefund(account, refund).catch(rethrowOfRefund),
    findRefunds: (transactionId) => findRefunds(account, transactionId).catch(rethrowOfRefund),
    sessions: sessionsOf(account),
    payments: paymentsOf(account),
  };
}

function sessionsOf(account: SimulatedAccount): PaymentSessionsPort {
  return {
    callsPerSecond: CALLS_PER_SECOND,
    createSession: async (request) => {
      const payment = await account.create(request).catch(rethrow);
      const isPage = payment.kind === 'checkout';
      return {
        sessionId: payment.id,
        clientSecret: isPage ? null : secretOf(payment),
        url: isPage ? account.pageOf(payment) : null,
      };
    },
    readSession: async (_kind, id) => {
      const payment = await account.find(id).catch(rethrow);
      if (payment === null) throw new SessionRefusedError(`No such payment: ${id}`);
      return reportOf(payment);
    },
    cancelSession: async (_kind, id) => reportOf(await account.end(id).catch(rethrow)),
  };
}

const LIST_STEP = 100;

function paymentsOf(account: SimulatedAccount): PaymentListPort {
  return {
    list: async (since, after) => {
      const rows = await account.findSince(databaseTime(since.toISOString())!, after ?? '', LIST_STEP).catch(rethrow);
      const payments = rows.map(({ refunded, ...payment }) => toListed(payment, refunded));
      return { payments, next: rows.length < LIST_STEP ? null : rows.at(-1)!.id };
    },
    find: async (id) => {
      const payment = await account.find(id).catch(rethrow);
      if (payment === null) return null;
      const left = leftOf(payment, await account.findRefunds(payment).catch(rethrow));
      return toListed(payment, fromThousandths(toThousandths(payment.amount) - left));
    },
  };
}

function toListed(payment: SimulatedPayment, amountRefunded: string): ListedPayment {
  const { id, reference, state, amount, currency, isDisputed } = payment;
  const paid = state === 'succeeded' ? amount : '0.00';
  return { transactionId: id, reference, state, amount: paid, amountRefunded, currency, isDisputed };
}

async function sendRefund(account: SimulatedAccount, refund: RefundOrder): Promise<MadeRefund | null> {
  const made = await account.refund(refund);
  return made && toMadeRefund(made, refund.currency);
}

async function findRefunds(account: SimulatedAccount, transactionId: string): Promise<MadeRefund[]> {
  const payment = await account.find(transactionId);
  if (payment === null) throw new RefundRefusedError(`No such payment: ${transactionId}`);
  const refunds = await account.findRefunds(payment);
  return refunds.map((refund) => toMadeRefund(refund, payment.currency));
}

function toMadeRefund({ id, ownId, amount }: SimulatedRefund, currency: string): MadeRefund {
  return { refundId: id, ownId, amount, currency };
}

const SECRET = '_secret';

/** What a form of the shop's own pays by. */
function secretOf({ id }: SimulatedPayment): string {
  return `${id}${SECRET}`;
}

/** The number of the payment that has this secret; null for what is none. */
export function idOfSecret(secret: string): string | null {
  return secret.endsWith(SECRET) ? secret.slice(0, -SECRET.length) : null;
}

function reportOf({ id, state, amount, currency }: SimulatedPayment): SessionReport {
  return { state, payment: state === 'succeeded' ? { transactionId: id, amount, currency } : null };
}

/** It is as far away as our own database, which is where its tables are. */
function rethrow(error: unknown): never {
  if (error instanceof SessionRefusedError) throw error;
  throw new ProviderUnavailableError('away', 0, error);
}

function rethrowOfRefund(error: unknown): never {
  if (error instanceof RefundRefusedError) throw error;
  throw new UnavailableError('The simulated provider does not answer; ask it again in a while.', error);
}
