import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { isStandardWebhook, standardSecret, TOLERANCE_SECONDS } from '../../src/webhooks/signatures.js';

/** The vector that Standard Webhooks 1.0.0 publishes. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const BODY = '{"test": 2432232314}';
const NOW = 1_614_265_330;
const HEADERS = {
  'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'webhook-timestamp': String(NOW),
  'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

const isAuthentic = (overrides: {
  headers?: Record<string, string | string[] | undefined>;
  body?: string;
  secrets?: string[];
  now?: number;
}): boolean => {
  const { headers = {}, body = BODY, secrets = [SECRET], now = NOW } = overrides;
  return isStandardWebhook({ ...HEADERS, ...headers }, body, secrets, now);
};

describe('isStandardWebhook', () => {
  it("accepts the standard's published vector", () => {
    expect(isAuthentic({})).toBe(true);
  });

  it('accepts a notice if any of its signatures matches any of our secrets, so that secrets can be rotated', () => {
    const signature = `v1,AAAA v1a,${'B'.repeat(44)} ${HEADERS['webhook-signature']}`;
    expect(isAuthentic({ headers: { 'webhook-signature': signature }, secrets: ['another', SECRET] })).toBe(true);
  });

  it('takes a secret without the prefix as it is written', () => {
    const digest = createHmac('sha256', 'plain').update(`msg.${NOW}.${BODY}`).digest('base64');
    const headers = { 'webhook-id': 'msg', 'webhook-signature': `v1,${digest}` };
    expect(isAuthentic({ headers, secrets: ['plain'] })).toBe(true);
    expect(standardSecret('plain').toString()).toBe('plain');
  });

  it.each([
    ['another body', { body: '{"test": 2432232315}' }],
    ['a body that differs in a blank', { body: '{"test":2432232314}' }],
    ['another id', { headers: { 'webhook-id': 'msg_other' } }],
    ['another timestamp', { headers: { 'webhook-timestamp': String(NOW + 1) } }],
    ['another secret', { secrets: ['whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'] }],
    ['no secret', { secrets: [] }],
    ['no signature', { headers: { 'webhook-signature': undefined } }],
    ['an empty signature', { headers: { 'webhook-signature': '' } }],
    ['no id', { headers: { 'webhook-id': undefined } }],
    ['no timestamp', { headers: { 'webhook-timestamp': undefined } }],
    ['a timestamp that is not a number', { headers: { 'webhook-timestamp': 'now' } }],
    [
      'a signature of another version',
      { headers: { 'webhook-signature': 'v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' } },
    ],
    ['a signature that is cut short', { headers: { 'webhook-signature': 'v1,g0hM9SsE' } }],
    ['a header that came twice', { headers: { 'webhook-id': [HEADERS['webhook-id'], HEADERS['webhook-id']] } }],
  ])('refuses %s', (_, overrides) => {
    expect(isAuthentic(overrides)).toBe(false);
  });

  it('accepts a timestamp within the tolerance on either side, and none outside of it', () => {
    expect(isAuthentic({ now: NOW + TOLERANCE_SECONDS })).toBe(true);
    expect(isAuthentic({ now: NOW - TOLERANCE_SECONDS })).toBe(true);
    expect(isAuthentic({ now: NOW + TOLERANCE_SECONDS + 1 })).toBe(false);
    expect(isAuthentic({ now: NOW - TOLERANCE_SECONDS - 1 })).toBe(false);
  });
});
