import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { execute } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { giveBack, orderOf } from '../support/factories.js';
import { type Environment, type Service, startService } from '../support/service.js';
import { orderAtPage, press, SIMULATED_SETTINGS } from '../support/simulated-sales.js';
import { StripeApi } from '../support/stripe-api.js';
import { CHECKOUT, openOrder, stripeSettings } from '../support/stripe-sales.js';

/** Payments here beside those that their providers list: Stripe's stand-in, and the provider that moves no money. */
let api: StripeApi;
let service: Service;
let settings: Environment;

beforeAll(async () => {
  api = await StripeApi.start();
  settings = { ...SIMULATED_SETTINGS, ...stripeSettings(api) };
  service = await startService(settings);
});

afterAll(() => api.stop());

const HOUR_MS = 3_600_000;

async function reconcile(since = new Date(Date.now() - HOUR_MS)) {
  const { code, output } = await runCli(['payments:reconcile', '--since', since.toISOString()], settings);
  const lines = output.split('\n').flatMap((line) => {
    const cells = line.split(/ {2,}/);
    return cells.length === 6 && cells[0] !== 'difference' ? [cells] : [];
  });
  return { code, output, lines };
}

/** An order that is paid at the stand-in and told here, with the number of its intent. */
async function paid(by?: object) {
  const { order, id } = await openOrder(service, api, by);
  api.pay(id);
  await api.deliverTo(service);
  return { order, id };
}

it('both sides say the same of what was paid, went back, is disputed, declined or ended', async () => {
  const [{ id }, disputed] = [await paid(), await paid()];
  const { order: open } = await openOrder(service, api);
  const { order: atCheckout } = await openOrder(service, api, CHECKOUT);
  await paid(CHECKOUT);
  for (const id of ['pi_of_another_shop', 'pi_of_another_that_is_disputed']) api.putIntent(id);
  for (const id of [disputed.id, 'pi_of_another_that_is_disputed']) api.dispute(id);
  await api.deliverTo(service);
  const simulated = await orderAtPage(service);
  await press(service, simulated.page, 'pay');
  await eventually(async () => expect(await orderOf(simulated.hold_id)).toMatchObject([{ status: 'paid' }]));
  await press(service, simulated.page, 'give_back', { amount: '9.99' });
  // Its notice is under way for a moment.
  const { code, output } = await eventually(async () => {
    const said = await reconcile();
    expect(said).toMatchObject({ code: 0, output: expect.stringContaining('Both sides say the same.') });
    return said;
  });
  expect([code, output]).toEqual([
    0,
    expect.stringContaining("6 payments compared with stripe, simulated; 2 of the account are nobody's here."),
  ]);
  expect(id).not.toBe(disputed.id);
  for (const { hold_id } of [open, atCheckout]) await giveBack(service, hold_id);
});

/** What paid a session. */
const intentOf = ({ id }: { id: string }): string => api.sessions.find((session) => session.id === id)!.payment_intent!;

it('names every difference, by its kind, and fails', async () => {
  const [amount, refunded, dispute, order, unpaid] = [
    await paid(),
    await paid(),
    await paid(),
    await paid(),
    await paid(),
  ];
  await execute("UPDATE payments SET amount = '1.00' WHERE transaction_id = ?", [amount.id]);
  Object.assign(api.refundOutside(refunded.id, 4000), { status: 'succeeded' });
  api.dispute(dispute.id);
  await execute('UPDATE payments SET order_id = ? WHERE transaction_id = ?', [amount.order.order_id, order.id]);
  Object.assign(
    api.intents.find(({ id }) => id === unpaid.id)!,
    { status: 'canceled', amount_received: 0 },
  );
  const [open, atCheckout, untold, untoldAtCheckout] = [
    await openOrder(service, api),
    await openOrder(service, api, CHECKOUT),
    await openOrder(service, api),
    await openOrder(service, api, CHECKOUT),
  ];
  for (const { id } of [untold, untoldAtCheckout]) api.pay(id);
  const ended = [open.order.order_id, atCheckout.order.order_id];
  await execute(
    "UPDATE orders SET status = 'cancelled', updated_at = NOW(3) - INTERVAL 1 HOUR WHERE id IN (?, ?)",
    ended,
  );
  await execute(
    "INSERT INTO payments (provider, transaction_id, order_id, amount, currency) VALUES ('stripe', 'pi_lost', 1, '5.00', 'EUR')",
  );
  const { code, output, lines } = await reconcile();
  const of = ({ order: { order_id }, id }: typeof untold) => ['stripe', id, String(order_id)];
  expect(lines.sort()).toEqual(
    [
      ['not told', ...of(untold), 'pending_payment', '99.99 EUR'],
      ['not told', ...of({ ...untoldAtCheckout, id: intentOf(untoldAtCheckout) }), 'pending_payment', '99.99 EUR'],
      ['amount', ...of(amount), '1.00 EUR', '99.99 EUR'],
      ['refunded', ...of(refunded), '0.00', '40.00'],
      ['disputed', ...of(dispute), 'no', 'yes'],
      [
        'order',
        'stripe',
        order.id,
        String(amount.order.order_id),
        String(amount.order.order_id),
        String(order.order.order_id),
      ],
      ['not paid', ...of(unpaid), '99.99 EUR', 'cancelled'],
      ['still open', ...of(open), 'cancelled', 'open'],
      ['still open', ...of(atCheckout), 'cancelled', 'open'],
      ['not there', 'stripe', 'pi_lost', '1', '5.00 EUR', '-'],
    ].sort(),
  );
  expect([code, output]).toEqual([1, expect.stringContaining('10 differences.')]);
});

it('asks page by page, also about what was begun before, and says why it can not', async () => {
  for (let count = 0; count < 120; count++) api.putIntent(`pi_other_${count}`);
  api.callsPerSecondMax = 1;
  const later = await reconcile(new Date(Date.now() + HOUR_MS));
  expect(later).toMatchObject({ code: 0, output: expect.stringMatching(/^0 payments compared .*; 0 of the account/m) });
  expect((await reconcile()).output).toContain("122 of the account are nobody's here");
  api.callsPerSecondMax = Infinity;
  api.fateOfAll = 'hang up';
  expect(await reconcile()).toMatchObject({ code: 1, output: expect.stringContaining('The payment provider is away') });
  api.fateOfAll = undefined;
  for (const [since, fault] of [
    ['yesterday', 'offset from UTC'],
    ['2026-11-27T12:00:00', 'offset from UTC'],
    ['2026-02-30T12:00:00Z', 'a day that the calendar does not have'],
    ['9999-12-31T23:30:00-01:00', 'within the years 0000 to 9999'],
  ] as const)
    expect(await runCli(['payments:reconcile', '--since', since], settings)).toMatchObject({
      code: 1,
      output: expect.stringContaining(fault),
    });
  expect(await runCli(['payments:reconcile', '--since', new Date().toISOString()])).toMatchObject({
    code: 1,
    output: expect.stringContaining('No provider that lists payments is set up here'),
  });
});
