import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { HoldsRepository } from '../../src/holds/holds.repository.js';
import { execute, query } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { countByStatus, expectProblem, expectStockIdentity } from '../support/expectations.js';
import {
  actOnSale,
  adminHeaders,
  createHold,
  createProduct,
  createSale,
  extend,
  hex,
  inSeconds,
  requestHold,
  type Sale,
  taken,
} from '../support/factories.js';
import { inParallel, withStatus } from '../support/races.js';
import { type Answer, type Service, startService } from '../support/service.js';

/** What a sale promises about instants, tried at two instances on the same rows. */
let fleet: Service[];

beforeAll(async () => {
  // Whoever waits for a lock of the test's waits for as long as it takes.
  const env = { ROLES: 'api', GROUP_COMMIT_DEADLINE_MS: '60000' };
  fleet = await Promise.all([startService(env), startService(env)]);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const at = (index: number): Service => fleet[index % 2]!;

/** Holds that were granted where `condition` says that none may be, by the database's own clock. */
async function grantedWhere(condition: string, saleIds: readonly number[]): Promise<number> {
  const [row] = await query<{ granted: number }>(
    `SELECT COUNT(*) AS granted FROM holds h JOIN products p ON p.id = h.product_id JOIN sales s ON s.id = p.sale_id WHERE s.id IN (?) AND ${condition}`,
    [saleIds],
  );
  return row!.granted;
}

describe('the start of a sale', () => {
  const BUYERS = 6;

  /** So far away is the start when it is moved: it is to come after that, at least in some of the sales. */
  let startsInSeconds = 0.3;

  /** Asks again and again until a unit is granted; returns what was answered before. */
  async function buyer(to: Service, productId: number, onAnswer: () => void): Promise<Answer[]> {
    for (const refused: Answer[] = []; ;) {
      const answer = await requestHold(to, productId);
      onAnswer();
      if (answer.status === 201) return refused;
      refused.push(answer);
    }
  }

  /** The start is moved once all buyers are there: nobody is late for it, however busy the machine. */
  async function openUnderLoad(): Promise<{ sale: Sale; refused: Answer[] }> {
    const sale = await createSale(at(0), { starts_at: inSeconds(3600) });
    const { id } = await createProduct(at(0), { sale_id: sale.id, stock_total: 100 });
    let answers = 0;
    let start!: () => void;
    const areThere = new Promise<void>((resolve) => (start = resolve));
    const buyers = inParallel(BUYERS, (n) => buyer(at(n), id, () => ++answers === BUYERS && start()));
    await areThere;
    const change = { starts_at: inSeconds(startsInSeconds) };
    const moved = await at(1).call('PATCH', `/api/admin/sales/${sale.id}`, change, adminHeaders(at(1)));
    return { sale: taken<Sale>(moved, 200), refused: (await buyers).flat() };
  }

  it('is exact to the millisecond: no hold was made before it, in 100 sales', async () => {
    const rounds: Awaited<ReturnType<typeof openUnderLoad>>[] = [];
    const isAhead = ({ sale }: (typeof rounds)[number]): boolean => sale.state === 'scheduled';
    for (let round = 0; round < 10; round++) {
      const opened = await inParallel(10, openUnderLoad);
      if (!opened.some(isAhead)) startsInSeconds *= 2;
      rounds.push(...opened);
    }
    expect(rounds.some(isAhead)).toBe(true);
    const sales = rounds.map(({ sale }) => sale.id);
    expect(await grantedWhere('h.created_at < s.starts_at', sales)).toBe(0);
    expect(await grantedWhere('h.created_at >= s.starts_at', sales)).toBe(100 * BUYERS);
    for (const answer of rounds.flatMap(({ refused }) => refused)) {
      expect(answer.body.code).toBe('SALE_NOT_STARTED');
      expect(answer.body.starts_at).toMatch(/Z$/);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
  });
});

describe('a pause', () => {
  async function pauseUnderLoad(buyers: number): Promise<{ sale: number; answers: Answer[] }> {
    const { id: sale } = await createSale(at(0));
    const { id } = await createProduct(at(0), { sale_id: sale, stock_total: 10_000 });
    const before = inParallel(buyers / 2, (n) => requestHold(at(n), id));
    const paused = actOnSale(at(1), sale, 'pause');
    const meanwhile = inParallel(buyers / 2, (n) => requestHold(at(n), id));
    taken<Sale>(await paused, 200);
    // Whoever asks from now on gets no, wherever he asks.
    const after = await inParallel(4, (n) => requestHold(at(n), id));
    for (const answer of after) expectProblem(answer, 'SALE_PAUSED');
    const answers = [...(await before), ...(await meanwhile)];
    await expectStockIdentity(id);
    return { sale, answers };
  }

  /** A grant that was decided before the pause has its row from before it: the pause waited for its COMMIT. */
  async function expectNothingGranted(rounds: readonly { sale: number; answers: Answer[] }[]): Promise<void> {
    const sales = rounds.map(({ sale }) => sale);
    expect(await grantedWhere('h.created_at > s.paused_at', sales)).toBe(0);
    const answers = rounds.flatMap((round) => round.answers);
    expect(Object.keys(countByStatus(answers)).filter((status) => status !== '201' && status !== '409')).toEqual([]);
    for (const refused of withStatus(answers, 409)) expectProblem(refused, 'SALE_PAUSED');
    expect(await grantedWhere('TRUE', sales)).toBe(withStatus(answers, 201).length);
  }

  it('lets nothing be granted after it was decided, in 100 sales', async () => {
    const rounds = [];
    for (let round = 0; round < 20; round++) rounds.push(...(await inParallel(5, () => pauseUnderLoad(12))));
    await expectNothingGranted(rounds);
  });

  it('answers every one of 1,000 requests that wait', async () => {
    await expectNothingGranted([await pauseUnderLoad(1000)]);
  });
});

describe('an extension', () => {
  /** The hold expires at about the moment at which it is asked for more time, and its only unit is asked for by others. */
  async function extendAtTheEnd(): Promise<{ extended: boolean; sold: boolean; productId: number; holdId: string }> {
    const product = await createProduct(at(0), { stock_total: 1 });
    const { hold_id } = await createHold(at(0), { product_id: product.id });
    await execute('UPDATE holds SET expires_at = NOW(3) + INTERVAL 0.02 SECOND WHERE id = UNHEX(?)', [hex(hold_id)]);
    const [extension, ...others] = await inParallel(4, async (n) => {
      if (n > 0) return requestHold(at(n), product.id);
      await pause(Math.random() * 40);
      return extend(at(1), hold_id);
    });
    expect([200, 409]).toContain(extension!.status);
    for (const { status } of others) expect([201, 409]).toContain(status);
    const again = await requestHold(at(0), product.id);
    const sold = withStatus([...others, again], 201).length;
    expect(sold).toBeLessThanOrEqual(1);
    return { extended: extension!.status === 200, sold: sold === 1, productId: product.id, holdId: hold_id };
  }

  it('or the sale of the expired unit wins, and never both, in 100 rounds', async () => {
    const rounds: Awaited<ReturnType<typeof extendAtTheEnd>>[] = [];
    for (let round = 0; round < 10; round++) rounds.push(...(await inParallel(10, extendAtTheEnd)));
    for (const { extended, sold, productId, holdId } of rounds) {
      if (extended) {
        expect(sold).toBe(false);
        expect(taken(await at(0).call('GET', `/api/holds/${holdId}`), 200)).toMatchObject({ status: 'active' });
      }
      await expectStockIdentity(productId);
    }
  });

  /** It has the lock of the hold, has seen that it is active, and is kept there by the test until the hold is over. */
  it('that takes longer than the hold lasts, or the sale of its unit wins, and never both', async () => {
    const { id } = await createProduct(at(0), { stock_total: 1 });
    const { hold_id } = await createHold(at(0), { product_id: id });
    const [granting, extending] = [0, 1].map((n) => at(n).app.get(HoldsRepository, { strict: false }));
    const lock = extending!.lock.bind(extending);
    let goOn!: () => void;
    const isFree = new Promise<void>((resolve) => (goOn = resolve));
    const locking = jest.spyOn(extending!, 'lock').mockImplementationOnce(async (tx, ids) => {
      const rows = await lock(tx, ids);
      await isFree;
      return rows;
    });
    const looking = jest.spyOn(granting!, 'countExpired');
    await execute('UPDATE holds SET expires_at = NOW(3) + INTERVAL 0.5 SECOND WHERE id = UNHEX(?)', [hex(hold_id)]);
    const extension = extend(at(1), hold_id);
    await eventually(() => expect(locking).toHaveBeenCalled());
    await eventually(async () => {
      const isOver = 'SELECT id FROM holds WHERE id = UNHEX(?) AND expires_at <= NOW(3)';
      expect(await query(isOver, [hex(hold_id)])).toHaveLength(1);
    });
    const rival = requestHold(at(0), id);
    await eventually(() => expect(looking).toHaveBeenCalled());
    goOn();
    const statuses = [(await extension).status, (await rival).status];
    expect([
      [200, 409],
      [409, 201],
    ]).toContainEqual(statuses);
    await expectStockIdentity(id);
  });
});
