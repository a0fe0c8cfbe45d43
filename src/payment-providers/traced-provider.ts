import type { Tracing } from '../tracing/tracing.types.js';
import type { PaymentProvider } from './payment-provider.js';

/** The provider, each of whose calls is a span. */
export function tracedProvider(provider: PaymentProvider, tracing: Tracing): PaymentProvider {
  const { name, sendRefund, findRefunds, sessions, payments } = provider;
  const asked = <T>(call: string, work: () => Promise<T>): Promise<T> => {
    const attributes = { 'checkout.payment.provider': name, 'checkout.payment.call': call };
    return tracing.during(`${name} ${call}`, { kind: 'client', attributes }, work);
  };
  return {
    ...provider,
    ...(sendRefund && { sendRefund: (refund) => asked('sendRefund', () => sendRefund(refund)) }),
    ...(findRefunds && { findRefunds: (id) => asked('findRefunds', () => findRefunds(id)) }),
    ...(payments && {
      payments: {
        list: (since, after) => asked('listPayments', () => payments.list(since, after)),
        find: (id) => asked('findPayment', () => payments.find(id)),
      },
    }),
    ...(sessions && {
      sessions: {
        callsPerSecond: sessions.callsPerSecond,
        createSession: (request) => asked('createSession', () => sessions.createSession(request)),
        readSession: (kind, id) => asked('readSession', () => sessions.readSession(kind, id)),
        cancelSession: (kind, id) => asked('cancelSession', () => sessions.cancelSession(kind, id)),
      },
    }),
  };
}
