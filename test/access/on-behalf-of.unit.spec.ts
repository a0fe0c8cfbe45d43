import { describe, expect, it } from '@jest/globals';
import { buyerOf } from '../../src/access/on-behalf-of.js';

const LONGEST = 'c'.repeat(128);

describe('the headers of a shop’s server', () => {
  it('name the customer, what limits count by, and the groups', () => {
    expect(buyerOf({})).toBeNull();
    expect(buyerOf({ 'on-behalf-of': 'c_42' })).toEqual({ customerId: 'c_42', limitKey: 'c_42', groups: [] });
    const all = { 'on-behalf-of': LONGEST, 'buyer-limit-key': 'household-7', 'buyer-groups': 'members,press ,a' };
    expect(buyerOf(all)).toEqual({ customerId: LONGEST, limitKey: 'household-7', groups: ['members', 'press', 'a'] });
  });

  it.each([
    ['on-behalf-of', { 'on-behalf-of': '' }],
    ['on-behalf-of', { 'on-behalf-of': 'Ann Smith' }],
    ['on-behalf-of', { 'on-behalf-of': `${LONGEST}c` }],
    ['on-behalf-of', { 'on-behalf-of': 'c_42, c_43' }],
    ['on-behalf-of', { 'on-behalf-of': 'c_é' }],
    ['on-behalf-of', { 'buyer-limit-key': 'household-7' }],
    ['on-behalf-of', { 'buyer-groups': 'members' }],
    ['buyer-limit-key', { 'on-behalf-of': 'c_42', 'buyer-limit-key': '' }],
    ['buyer-groups', { 'on-behalf-of': 'c_42', 'buyer-groups': '' }],
    ['buyer-groups', { 'on-behalf-of': 'c_42', 'buyer-groups': 'members,,press' }],
    ['buyer-groups', { 'on-behalf-of': 'c_42', 'buyer-groups': 'all members' }],
    ['buyer-groups', { 'on-behalf-of': 'c_42', 'buyer-groups': 'm'.repeat(65) }],
    ['buyer-groups', { 'on-behalf-of': 'c_42', 'buyer-groups': Array.from({ length: 21 }, () => 'm').join() }],
  ])('are refused by name where they are malformed: %s in %j', (field, headers) => {
    expect(() => buyerOf(headers)).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_FAILED',
        extensions: { errors: [{ field, message: expect.any(String) }] },
      }),
    );
  });
});
