import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { orderIdOfReference, paymentReferenceOf } from '../../src/payment-providers/payment-reference.js';

const HOLD_ID = '019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11';

describe('a payment reference', () => {
  it('is the number, and 16 characters of the base32 of the hash over the 16 bytes of the hold', () => {
    const digest = createHash('sha256')
      .update(Buffer.from(HOLD_ID.replaceAll('-', ''), 'hex'))
      .digest();
    // RFC 4648, done another way: the digest as one number, five bits at a time from the front.
    let number = BigInt(`0x${digest.subarray(0, 10).toString('hex')}`);
    let text = '';
    for (let place = 0; place < 16; place++, number >>= 5n) {
      text = 'abcdefghijklmnopqrstuvwxyz234567'[Number(number & 31n)]! + text;
    }
    expect(paymentReferenceOf(42, HOLD_ID)).toBe(`42-${text}`);
    expect(orderIdOfReference(paymentReferenceOf(42, HOLD_ID))).toBe(42);
  });

  it.each([
    null,
    42,
    '',
    '42',
    '042-aaaaaaaaaaaaaaaa',
    '42-aaaaaaaaaaaaaaa',
    '42-AAAAAAAAAAAAAAAA',
    ' 42-aaaaaaaaaaaaaaaa',
  ])('is not %j', (text) => expect(orderIdOfReference(text)).toBeNull());
});
