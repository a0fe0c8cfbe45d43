import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import type { PaymentSessionsPort, SessionKind, SessionRequest } from '../../src/payment-providers/payment-provider.js';
import { stripeProvider } from '../../src/payment-providers/stripe.provider.js';
import { STRIPE_API_VERSION } from '../../src/payment-providers/stripe-client.js';
import { apiError, StripeApi } from '../support/stripe-api.js';

let api = await StripeApi.start();
let sessions: PaymentSessionsPort;

afterAll(() => api.stop());

beforeEach(async () => {
  await api.stop();
  api = await StripeApi.start();
  const settings = { STRIPE_API_KEY: 'sk_test_key', STRIPE_API_BASE: api.url };
  sessions = stripeProvider(loadConfig({ DB_HOST: 'd', REDIS_HOST: 'r', ...settings })).sessions!;
});

const HOLD_ID = '019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11';

function request(overrides: Partial<SessionRequest> = {}): SessionRequest {
  return {
    ...{ kind: 'intent', holdId: HOLD_ID, orderId: 5, reference: '5-aaaabbbbccccdddd', title: '2 × Lamp' },
    ...{ amount: '99.99', currency: 'EUR', returnUrl: 'https://shop.example/done', isDelayTaken: false },
    ...{ attempt: 1, askedForSeconds: 0 },
    ...overrides,
  };
}

const KINDS = ['intent', 'checkout'] as const;

async function make(kind: SessionKind): Promise<string> {
  return (await sessions.createSession(request({ kind }))).sessionId;
}

describe('a session at Stripe', () => {
  it.each([
    ['intent', 'POST /v1/payment_intents', { amount: '9999', currency: 'eur' }],
    [
      'checkout',
      'POST /v1/checkout/sessions',
      {
        mode: 'payment',
        'line_items[0][price_data][unit_amount]': '9999',
        'line_items[0][price_data][currency]': 'eur',
        'line_items[0][price_data][product_data][name]': '2 × Lamp',
        'payment_intent_data[metadata][payment_reference]': '5-aaaabbbbccccdddd',
        success_url: 'https://shop.example/done',
        cancel_url: 'https://shop.example/done',
      },
    ],
  ] as const)(
    'of kind %s is asked for with a key of its attempt, its reference and no slow method',
    async (kind, path, fields) => {
      const made = await sessions.createSession(request({ kind }));
      expect(api.calls).toMatchObject([
        {
          path,
          version: STRIPE_API_VERSION,
          idempotencyKey: `session-${HOLD_ID}-1`,
          fields: { ...fields, 'metadata[payment_reference]': '5-aaaabbbbccccdddd' },
        },
      ]);
      expect(Object.values(api.calls[0]!.fields)).toContain('sepa_debit');
      await sessions.createSession(
        request({ kind, holdId: '019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d12', isDelayTaken: true }),
      );
      expect(Object.values(api.calls[1]!.fields)).not.toContain('sepa_debit');
      const [intent, page] = [api.intents[0], api.sessions[0]];
      expect(made).toEqual(
        kind === 'intent'
          ? { sessionId: intent!.id, clientSecret: intent!.client_secret, url: null }
          : { sessionId: page!.id, clientSecret: null, url: page!.url },
      );
    },
  );

  it.each(KINDS)('of kind %s is made once, whatever reply is lost', async (kind) => {
    api.answerNext('hang up afterwards', 'hang up afterwards', 'hang up afterwards');
    await expect(sessions.createSession(request({ kind }))).rejects.toMatchObject({ reason: 'away' });
    await sessions.createSession(request({ kind }));
    expect([...api.intents, ...api.sessions]).toHaveLength(1);
  });

  it.each(KINDS)(
    'of kind %s that was made without our hearing of it is found once its key is forgotten',
    async (kind) => {
      const first = await sessions.createSession(request({ kind }));
      if (kind === 'checkout') api.pay(first.sessionId);
      api.passHours(25);
      const again = await sessions.createSession(request({ kind, askedForSeconds: 25 * 3600 }));
      expect(again.sessionId).toBe(first.sessionId);
    },
  );

  it('is made anew by another attempt', async () => {
    await make('intent');
    await sessions.createSession(request({ attempt: 2 }));
    expect(api.intents).toHaveLength(2);
  });

  it.each(KINDS)('of kind %s is cancelled while nobody has paid, and can not be paid then', async (kind) => {
    const id = await make(kind);
    expect(await sessions.readSession(kind, id)).toEqual({ state: 'open', payment: null });
    expect(await sessions.cancelSession(kind, id)).toEqual({ state: 'cancelled', payment: null });
    expect(api.pay(id)).toBe(false);
    expect(await sessions.cancelSession(kind, id)).toEqual({ state: 'cancelled', payment: null });
  });

  it.each(KINDS)('of kind %s that was paid before it is cancelled tells the payment', async (kind) => {
    const id = await make(kind);
    const path = kind === 'intent' ? 'POST /v1/payment_intents/*/cancel' : 'POST /v1/checkout/sessions/*/expire';
    api.during(path, 'before', () => api.pay(id));
    const payment = { transactionId: api.intents[0]?.id ?? 'pi_made_1', amount: '99.99', currency: 'EUR' };
    expect(await sessions.cancelSession(kind, id)).toEqual({ state: 'succeeded', payment });
  });

  it.each(KINDS)('of kind %s that is paid by a slow method is under way, cancelled or not', async (kind) => {
    const id = await make(kind);
    api.payByDebit(id);
    expect(await sessions.readSession(kind, id)).toEqual({ state: 'processing', payment: null });
    expect(await sessions.cancelSession(kind, id)).toEqual({ state: 'processing', payment: null });
  });

  it('that Stripe does not make is refused with the reason', async () => {
    await expect(sessions.createSession(request({ amount: '0.10' }))).rejects.toThrow('Amount must be at least');
  });

  it.each([
    [
      'has too much to do',
      apiError(429, 'rate_limit_error', 'Too many requests'),
      { reason: 'busy', retryAfterMs: 1000 },
    ],
    [
      'says for how long it has',
      { ...apiError(429, 'rate_limit_error', 'Too many requests'), headers: { 'retry-after': '7' } },
      { reason: 'busy', retryAfterMs: 7000 },
    ],
    ['broke', apiError(500, 'api_error', 'Something went wrong'), { reason: 'failed' }],
    ['does not know our key', apiError(401, 'invalid_request_error', 'Invalid API key'), { reason: 'away' }],
    ['answers what nobody can read', { status: 200, body: '{}' }, { reason: 'away' }],
    ['hangs up', 'hang up' as const, { reason: 'away' }],
  ])('is nowhere known while Stripe %s', async (_, fate, error) => {
    api.fateOfAll = fate;
    await expect(sessions.createSession(request())).rejects.toMatchObject(error);
    await expect(sessions.cancelSession('intent', 'pi_1')).rejects.toMatchObject(error);
  });
});
