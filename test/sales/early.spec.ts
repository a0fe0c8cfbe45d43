import { beforeAll, describe, expect, it } from '@jest/globals';
import { customer, customersEnv, type Headers } from '../support/customers.js';
import { expectProblem, expectRefusal } from '../support/expectations.js';
import {
  adminHeaders,
  beginEarly,
  createProduct,
  createSale,
  inSeconds,
  requestHold,
  type Sale,
  taken,
} from '../support/factories.js';
import { type Answer, type Service, startService } from '../support/service.js';

let service: Service;
let members: Headers;

beforeAll(async () => {
  service = await startService(customersEnv());
  members = await customer({ groups: ['newsletter', 'members'] });
});

const inAnHour = inSeconds(3600);

/** A sale that starts in two hours, and in one for members. */
async function earlySale(): Promise<{ sale: Sale; product: number }> {
  const early = [{ group: 'members', starts_at: inAnHour }];
  const sale = await createSale(service, { starts_at: inSeconds(7200), early });
  return { sale, product: (await createProduct(service, { sale_id: sale.id })).id };
}

const change = (id: number, wanted: object): Promise<Answer> =>
  service.call('PATCH', `/api/admin/sales/${id}`, wanted, adminHeaders(service));

describe('early access to a sale', () => {
  it('lets the groups of the token hold before all others, and tells each when to come', async () => {
    const { sale, product } = await earlySale();
    const refused = await expectRefusal('SALE_NOT_STARTED', () => requestHold(service, product, 1, members));
    expect(refused.body).toMatchObject({ starts_at: inAnHour });
    // Of the database's clock it knows between what instants it stands: on a busy machine they are seconds apart.
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(3600 + 60);
    const others = [{}, await customer(), await customer({ groups: ['Members'] })];
    for (const headers of others) {
      const answer = await requestHold(service, product, 1, headers);
      expectProblem(answer, 'SALE_NOT_STARTED');
      expect(answer.body.starts_at).toBe(sale.starts_at);
    }
    await beginEarly(sale.id);
    expect((await requestHold(service, product, 1, members)).status).toBe(201);
    for (const headers of others) expectProblem(await requestHold(service, product, 1, headers), 'SALE_NOT_STARTED');
  });

  it('is a term of the sale, whose state and start are those of who is of no group', async () => {
    const { sale, product } = await earlySale();
    const early = [{ group: 'members', starts_at: inAnHour }];
    expect(sale).toMatchObject({ state: 'scheduled', terms: { early }, terms_set: ['early'] });
    await beginEarly(sale.id);
    const seen = taken<Sale>(await service.call('GET', `/api/sales/${sale.id}`), 200);
    expect(seen).toMatchObject({ state: 'scheduled', terms: { early: [{ group: 'members' }] } });
    expect((await change(sale.id, { early: null })).body).toMatchObject({ terms: { early: [] }, terms_set: [] });
    expectProblem(await requestHold(service, product, 1, members), 'SALE_NOT_STARTED');
  });

  it('comes with a product into the sale, and goes with it', async () => {
    const { sale } = await earlySale();
    await beginEarly(sale.id);
    const { id } = await createProduct(service);
    const move = (sale_id: number | null) =>
      service.call('PATCH', `/api/admin/products/${id}`, { sale_id }, adminHeaders(service));
    taken(await move(sale.id), 200);
    expect((await requestHold(service, id, 1, members)).status).toBe(201);
    expectProblem(await requestHold(service, id), 'SALE_NOT_STARTED');
    taken(await move(null), 200);
    expect((await requestHold(service, id)).status).toBe(201);
  });

  it.each([
    ['no list', { group: 'members' }, 'early'],
    ['of five groups', Array.from({ length: 5 }, (_, n) => ({ group: `g${n}`, starts_at: inAnHour })), 'early'],
    ['of no group', [{ starts_at: inAnHour }], 'early.0.group'],
    ['of a name with a blank', [{ group: 'all members', starts_at: inAnHour }], 'early.0.group'],
    ['at a naive time', [{ group: 'members', starts_at: '2026-11-27T12:00:00' }], 'early.0.starts_at'],
    ['not before the sale', [{ group: 'members', starts_at: inSeconds(7200) }], 'early.0.starts_at'],
    ['with more than that', [{ group: 'members', starts_at: inAnHour, until: inAnHour }], 'early.0.until'],
  ])('refuses a start %s, and says which', async (_what, early, field) => {
    const body = { name: 'x', starts_at: inSeconds(7000), early };
    const answer = await expectRefusal('VALIDATION_FAILED', () =>
      service.call('POST', '/api/admin/sales', body, adminHeaders(service)),
    );
    expect(answer.body.errors).toEqual([{ field, message: expect.stringMatching(/^(must|is) /) }]);
  });
});
