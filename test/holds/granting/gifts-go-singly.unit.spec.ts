import { expect, it } from '@jest/globals';
import { decideHold, GRANT_RULES } from '../../../src/holds/granting/grant-rules.js';
import { grantFacts, newHold, productRow } from '../../support/decisions.js';
import { giftsGoSingly } from './gifts-go-singly.js';

// The worked example of ARCHITECTURE.md: the rule that it adds, and that rule's test.

it('what costs nothing is held one unit at a time', () => {
  const [gift, other] = [grantFacts(productRow({ price: '0.00' })), grantFacts(productRow())];
  expect(giftsGoSingly.refuse(newHold({ qty: 2 }), gift)).toMatchObject({ code: 'VALIDATION_FAILED' });
  expect(giftsGoSingly.refuse(newHold({ qty: 1 }), gift)).toBeNull();
  expect(giftsGoSingly.refuse(newHold({ qty: 2 }), other)).toBeNull();
});

it('a rule counts from its line in the list on', () => {
  const [two, gift] = [newHold({ qty: 2 }), productRow({ price: '0.00' })];
  expect(decideHold(two, grantFacts(gift))).toMatchObject({ qty: 2 });
  expect(decideHold(two, grantFacts(gift), [...GRANT_RULES, giftsGoSingly])).toMatchObject({
    code: 'VALIDATION_FAILED',
  });
});
