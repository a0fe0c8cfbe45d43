import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { standardHeaders, standardSecret } from '../../src/common/standard-webhooks.js';
import {
  HEX_SIGNATURE,
  isAuthenticBy,
  type SignatureScheme,
  STANDARD_WEBHOOKS,
  STRIPE_SIGNATURE,
  TOLERANCE_SECONDS,
} from '../../src/payment-providers/signatures.js';

/** The vector that Standard Webhooks 1.0.0 publishes. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const BODY = '{"test": 2432232314}';
const NOW = 1_614_265_330;
const PUBLISHED = {
  'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'webhook-timestamp': String(NOW),
  'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

type Headers = Record<string, string | string[] | undefined>;

const hex = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex');

interface SchemeUnderTest {
  readonly name: string;
  readonly scheme: SignatureScheme;
  readonly signed: Headers;
  /** Whether the notice tells its age. */
  readonly isTimed: boolean;
}

const SCHEMES: readonly SchemeUnderTest[] = [
  { name: 'Standard Webhooks', scheme: STANDARD_WEBHOOKS, signed: PUBLISHED, isTimed: true },
  {
    name: 'Stripe',
    scheme: STRIPE_SIGNATURE,
    signed: { 'stripe-signature': `t=${NOW},v1=${hex(SECRET, `${NOW}.${BODY}`)}` },
    isTimed: true,
  },
  {
    name: 'the hex header',
    scheme: HEX_SIGNATURE,
    signed: { 'x-webhook-signature': `sha256=${hex(SECRET, BODY)}` },
    isTimed: false,
  },
];

interface Overrides {
  readonly headers?: Headers;
  readonly body?: string;
  readonly secrets?: readonly string[];
  readonly now?: number;
}

function isValid({ scheme, signed }: SchemeUnderTest, overrides: Overrides): boolean {
  const { headers = {}, body = BODY, secrets = [SECRET], now = NOW } = overrides;
  return isAuthenticBy([scheme], { headers: { ...signed, ...headers }, rawBody: body }, secrets, now);
}

/** The text with one bit turned over, for every bit of it. */
function* flipped(text: string): Iterable<string> {
  for (let index = 0; index < text.length; index++) {
    for (let bit = 0; bit < 8; bit++) {
      const other = String.fromCharCode(text.charCodeAt(index) ^ (1 << bit));
      yield text.slice(0, index) + other + text.slice(index + 1);
    }
  }
}

describe.each(SCHEMES)('$name', (tested) => {
  const headerNames = Object.keys(tested.signed);
  const value = (name: string): string => tested.signed[name] as string;

  it('accepts what is signed with any of the secrets, so that they can be rotated', () => {
    expect(isValid(tested, {})).toBe(true);
    expect(isValid(tested, { secrets: ['another', SECRET, 'whsec_?'] })).toBe(true);
  });

  it.each([['another'], ['whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'], [SECRET.toLowerCase()]])(
    'refuses what is signed with another secret than %s',
    (secret) => expect(isValid(tested, { secrets: [secret] })).toBe(false),
  );

  it('refuses everything without a secret', () => {
    expect(isValid(tested, { secrets: [] })).toBe(false);
  });

  it.each(headerNames)('refuses every %s with one bit turned over', (name) => {
    const accepted = [...flipped(value(name))].filter((text) => isValid(tested, { headers: { [name]: text } }));
    expect(accepted).toEqual([]);
  });

  it.each(headerNames)('refuses a %s that is missing, empty, or cut short anywhere', (name) => {
    expect(isValid(tested, { headers: { [name]: undefined } })).toBe(false);
    const cut = Array.from({ length: value(name).length }, (_, length) => value(name).slice(0, length));
    // What is left of the hex header without its prefix is the other way to write it, so only the start is cut there.
    const accepted = [...cut, ...cut.map((text) => value(name).slice(text.length + 8))].filter((text) =>
      isValid(tested, { headers: { [name]: text } }),
    );
    expect(accepted).toEqual([]);
  });

  it.each(headerNames)('refuses a %s that came twice, however it was joined', (name) => {
    const doubled = [[value(name), value(name)], `${value(name)}, ${value(name)}`, `${value(name)},${value(name)}`];
    expect(doubled.filter((header) => isValid(tested, { headers: { [name]: header } }))).toEqual([]);
  });

  it('refuses a body with one bit turned over, one space more or less, or nothing in it', () => {
    const changed = [...flipped(BODY), `${BODY} `, ` ${BODY}`, BODY.replace(' ', ''), BODY.replace(' ', '  '), ''];
    expect(changed.filter((body) => isValid(tested, { body }))).toEqual([]);
  });

  it('accepts a timestamp within the tolerance on either side, and none outside of it', () => {
    const at = (seconds: number) => isValid(tested, { now: NOW + seconds });
    expect([at(TOLERANCE_SECONDS), at(-TOLERANCE_SECONDS)]).toEqual([true, true]);
    const isAccepted = !tested.isTimed;
    expect([at(TOLERANCE_SECONDS + 1), at(-TOLERANCE_SECONDS - 1)]).toEqual([isAccepted, isAccepted]);
  });
});

describe('the Standard Webhooks scheme', () => {
  const oracle = new Webhook(SECRET);

  it('verifies the published vector, as does the published package', () => {
    expect(oracle.sign(PUBLISHED['webhook-id'], new Date(NOW * 1000), BODY)).toBe(PUBLISHED['webhook-signature']);
    expect(isValid(SCHEMES[0]!, {})).toBe(true);
  });

  it('accepts what the published package signs', () => {
    for (const body of ['{}', '{"name":"Jürgen ☕"}', JSON.stringify({ order_id: 1 }, null, 2)]) {
      const signature = oracle.sign('msg_1', new Date(NOW * 1000), body);
      expect(isValid(SCHEMES[0]!, { headers: { 'webhook-id': 'msg_1', 'webhook-signature': signature }, body })).toBe(
        true,
      );
    }
  });

  it('signs by each key what the published package verifies, whatever is in it', () => {
    const body = '{"name":"Jürgen ☕","lone":"\ud800"}';
    const headers = standardHeaders([standardSecret('whsec_AAAA')!, standardSecret(SECRET)!], 'evt_7', body);
    for (const secret of ['whsec_AAAA', SECRET]) expect(new Webhook(secret).verify(body, headers)).toBeDefined();
    expect(() => new Webhook('whsec_AAAB').verify(body, headers)).toThrow('No matching signature');
  });

  it('accepts a list of signatures if one of them matches, and ignores versions it does not know', () => {
    const signature = `v1,AAAA v1a,${'B'.repeat(44)} v9;not+base64=_ ${PUBLISHED['webhook-signature']}`;
    expect(isValid(SCHEMES[0]!, { headers: { 'webhook-signature': signature } })).toBe(true);
  });

  it('takes a secret without the prefix as it is written', () => {
    expect(standardSecret('plain')?.toString()).toBe('plain');
  });

  it.each(['whsec_', 'whsec_not base64', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS', 'whsec_AA-_', 'whsec_AAB='])(
    'takes no key from %j, which is not base64',
    (secret) => expect(standardSecret(secret)).toBeNull(),
  );
});

describe('the Stripe scheme', () => {
  const stripe = new Stripe('sk_test_oracle');

  it("accepts what Stripe's own client signs, and the client accepts what we do", () => {
    const header = stripe.webhooks.generateTestHeaderString({ payload: BODY, secret: SECRET, timestamp: NOW });
    expect(isValid(SCHEMES[1]!, { headers: { 'stripe-signature': header } })).toBe(true);
    const ours = SCHEMES[1]!.signed['stripe-signature'] as string;
    expect(stripe.webhooks.signature!.verifyHeader(BODY, ours, SECRET, TOLERANCE_SECONDS, undefined, NOW * 1000)).toBe(
      true,
    );
  });

  it('accepts several signatures while a secret is rolled, and ignores the test scheme', () => {
    const [timestamp, signature] = (SCHEMES[1]!.signed['stripe-signature'] as string).split(',');
    const header = `${timestamp},v1=${'0'.repeat(64)},${signature},v0=${'1'.repeat(64)},v2=Not_hex-at=all,x`;
    expect(isValid(SCHEMES[1]!, { headers: { 'stripe-signature': header } })).toBe(true);
  });
});

describe('the hex header', () => {
  it('may leave the prefix out', () => {
    expect(isValid(SCHEMES[2]!, { headers: { 'x-webhook-signature': hex(SECRET, BODY) } })).toBe(true);
  });
});

describe('a notice that is signed by several schemes', () => {
  const schemes = SCHEMES.map(({ scheme }) => scheme);
  const all: Headers = Object.assign({}, ...SCHEMES.map(({ signed }) => signed));

  it('is authentic only if every signature is right', () => {
    expect(isAuthenticBy(schemes, { headers: all, rawBody: BODY }, [SECRET], NOW)).toBe(true);
    for (const { header } of schemes) {
      const wrong = { ...all, [header]: 'wrong' };
      expect(isAuthenticBy(schemes, { headers: wrong, rawBody: BODY }, [SECRET], NOW)).toBe(false);
    }
  });

  it('is not authentic without any signature', () => {
    expect(isAuthenticBy(schemes, { headers: {}, rawBody: BODY }, [SECRET], NOW)).toBe(false);
  });
});
