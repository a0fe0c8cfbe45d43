import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { stripeProvider } from '../../src/payment-providers/stripe.provider.js';
import { fromStripeAmount, toStripeAmount } from '../../src/payment-providers/stripe-amounts.js';

const stripe = stripeProvider(loadConfig({ DB_HOST: 'd', REDIS_HOST: 'r' }));

const REFERENCE = '5-aaaabbbbccccdddd';

function intent(overrides: object = {}) {
  const money = { amount: 9999, amount_received: 9999, currency: 'eur' };
  return { id: 'pi_1', object: 'payment_intent', ...money, metadata: { payment_reference: REFERENCE }, ...overrides };
}

function toEvent(type: string, object: object, overrides: object = {}) {
  const body = { id: 'evt_1', object: 'event', type, created: 1_614_265_330, data: { object }, ...overrides };
  return stripe.toEvent({ headers: {}, rawBody: JSON.stringify(body), body });
}

describe("the payment events of Stripe's adapter", () => {
  it('says who paid how much for which order, and when', () => {
    expect(toEvent('payment_intent.succeeded', intent())).toEqual({
      provider: 'stripe',
      eventId: 'evt_1',
      type: 'payment_intent.succeeded',
      status: 'success',
      orderId: 5,
      reference: REFERENCE,
      disregarded: null,
      unreadable: null,
      transactionId: 'pi_1',
      amount: '99.99',
      currency: 'EUR',
      occurredAt: '2021-02-25T15:02:10.000Z',
      account: null,
      metadata: { payment_reference: REFERENCE },
    });
  });

  it.each([8_640_000_000_001, Number.MAX_SAFE_INTEGER, -1, 1.5, '1614265330', null])(
    'does not know when it was where the time is %j',
    (created) => expect(toEvent('payment_intent.succeeded', intent(), { created }).occurredAt).toBeNull(),
  );

  it('counts what was received, not what was asked for', () => {
    expect(toEvent('payment_intent.succeeded', intent({ amount_received: 5000 })).amount).toBe('50.00');
  });

  it('takes a failed payment for an attempt', () => {
    const event = toEvent('payment_intent.payment_failed', intent({ amount_received: 0 }));
    expect(event).toMatchObject({ status: 'declined', amount: '99.99', orderId: 5 });
  });

  it('names the PaymentIntent of a charge that was given back', () => {
    const charge = { id: 'ch_1', payment_intent: 'pi_1', amount: 9999, amount_refunded: 4000, currency: 'eur' };
    const event = toEvent('charge.refunded', { ...charge, metadata: { payment_reference: REFERENCE } });
    expect(event).toMatchObject({ status: 'refunded', transactionId: 'pi_1', amount: '40.00', orderId: 5 });
  });

  it.each(['payment_intent.created', 'customer.created', 'constructor', '__proto__'])('does not handle %s', (type) => {
    expect(toEvent(type, intent())).toMatchObject({ status: 'unhandled', orderId: null, type });
  });

  it.each([
    undefined,
    null,
    {},
    { order_id: 5 },
    { order_id: '05' },
    { order_id: '1e3' },
    { order_id: '9'.repeat(16) },
  ])('names no order when the metadata is %j', (metadata) =>
    expect(toEvent('payment_intent.succeeded', intent({ metadata })).orderId).toBeNull(),
  );

  it.each([
    ['sk_live_1', 'local', true],
    ['rk_test_1', 'production', false],
    ['', 'production', true],
    ['', 'test', false],
  ])('knows by the key %j, and else by APP_ENV %s, whether live events are its own: %s', (key, appEnv, isLive) => {
    const env = {
      DB_HOST: 'd',
      REDIS_HOST: 'r',
      ADMIN_TOKEN: 'a-token-long-enough-for-production',
      STRIPE_WEBHOOK_SECRETS: 's'.repeat(32),
    };
    const config = loadConfig({ ...env, APP_ENV: appEnv, STRIPE_API_KEY: key });
    const provider = stripeProvider(config);
    for (const livemode of [true, false]) {
      const body = { id: 'evt_1', type: 'payment_intent.succeeded', livemode, data: { object: intent() } };
      const { disregarded } = provider.toEvent({ headers: {}, rawBody: '', body });
      expect(disregarded === null).toBe(livemode === isLive);
    }
  });

  it('keeps metadata for the operator only as far as it is short and every database takes it', () => {
    const kept = (metadata: object) => toEvent('payment_intent.succeeded', intent({ metadata })).metadata;
    expect(kept({ order_id: '5', '': 'ü' })).toEqual({ order_id: '5', '': 'ü' });
    expect([kept({ a: 'x'.repeat(5000) }), kept({ a: '\ud800' })]).toEqual([null, null]);
  });
});

describe("Stripe's amounts", () => {
  it.each([
    [9999, 'EUR', '99.99'],
    [5, 'EUR', '0.05'],
    [0, 'USD', '0.00'],
    [500, 'JPY', '500.00'],
    [0, 'KRW', '0.00'],
    [5120, 'KWD', '5.12'],
    [5125, 'KWD', '5.125'],
    [10, 'BHD', '0.01'],
    [500, 'ISK', '5.00'],
  ])('%s of %s is %s, and back', (amount, currency, money) => {
    expect(fromStripeAmount(amount, currency)).toBe(money);
    expect(toStripeAmount(money, currency)).toBe(amount);
  });

  it('takes money that is written short', () => {
    expect([toStripeAmount('10', 'EUR'), toStripeAmount('10.5', 'EUR'), toStripeAmount('500', 'JPY')]).toEqual([
      1000, 1050, 500,
    ]);
  });
});
