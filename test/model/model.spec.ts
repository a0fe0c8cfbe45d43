import { randomInt } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { CustomerLimits } from '../../src/holds/customer-limits.js';
import { isWithinLimit } from '../../src/holds/granting/rules/is-within-limit.js';
import { saleIsOpen } from '../../src/holds/granting/rules/sale-is-open.js';
import { holdIsTheBuyers } from '../../src/orders/ordering/rules/hold-is-the-buyers.js';
import { holdIsUnused } from '../../src/orders/ordering/rules/hold-is-unused.js';
import { StockLedger } from '../../src/products/stock-ledger.js';
import { Shop } from './shop.js';
import { anyStep } from './steps/index.js';

/**
 * What happens to a shop, in any order, against a model of it. A few runs belong to each suite; MODEL_RUNS makes more. A
 * run that failed is printed as short as it can be; MODEL_SEED, MODEL_PATH and MODEL_REPLAY, as printed, repeat it alone.
 */
const { MODEL_RUNS = '30', MODEL_SEED, MODEL_PATH, MODEL_REPLAY } = process.env;

const seed = Number(MODEL_SEED ?? randomInt(2 ** 31));

const commands = fc.commands([anyStep], {
  maxCommands: 100,
  size: 'max',
  ...(MODEL_REPLAY !== undefined && { replayPath: MODEL_REPLAY }),
});

let shop: Shop;

beforeAll(async () => {
  shop = await Shop.open();
});

const shopIsAsItShouldBe = fc.asyncProperty(commands, async (run) => {
  const world = await shop.furnish();
  await fc.asyncModelRun(() => ({ model: world, real: shop }), run);
  await shop.expectAudited(world);
});

describe('whatever happens to a shop', () => {
  it(`it is as the model of it says, in ${MODEL_RUNS} runs`, async () => {
    await fc.assert(shopIsAsItShouldBe, {
      numRuns: Number(MODEL_RUNS),
      seed,
      ...(MODEL_PATH !== undefined && { path: MODEL_PATH }),
    });
    if (process.env.MODEL_RUNS !== undefined)
      process.stderr.write(`Seed ${seed}. Answers by kind: ${JSON.stringify(shop.answers, null, 2)}\n`);
  }, 3_600_000);
});

const { refuse } = saleIsOpen;

/** As it would be decided of who is of no group. */
const toAll: typeof refuse = (hold, facts) => refuse({ ...hold, buyer: null }, facts);

describe('the model finds a shop', () => {
  afterEach(() => void jest.restoreAllMocks());

  it.each([
    ['that sells outside of its sales', () => jest.spyOn(saleIsOpen, 'refuse').mockReturnValue(null)],
    ['that gives a customer more than the limit', () => jest.spyOn(isWithinLimit, 'refuse').mockReturnValue(null)],
    ['where a buyer orders what another holds', () => jest.spyOn(holdIsTheBuyers, 'refuse').mockReturnValue(null)],
    ['where a hold is ordered twice', () => jest.spyOn(holdIsUnused, 'refuse').mockReturnValue(null)],
    ['that promises units it does not have', () => jest.spyOn(StockLedger.prototype, 'available').mockReturnValue(9)],
    ['that lets no group in before the others', () => jest.spyOn(saleIsOpen, 'refuse').mockImplementation(toAll)],
    ['that counts what has come back', () => jest.spyOn(CustomerLimits.prototype, 'lowerTo').mockReturnValue()],
  ])('%s', async (_what, plant) => {
    plant();
    const { failed } = await fc.check(shopIsAsItShouldBe, { numRuns: 300, seed: 1, endOnFailure: true });
    expect(failed).toBe(true);
  });
});
