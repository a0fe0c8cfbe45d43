import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../support/database.js';
import { commandsOf, readDocument, Shell } from '../support/documents.js';
import { newestEvent, readEvents, untilEventsHaveNumbers } from '../support/events.js';
import {
  createOrder,
  createProduct,
  createSale,
  giveBack,
  noticeOf,
  notify,
  type Order,
  stockOf,
  taken,
  unique,
} from '../support/factories.js';
import { hexHeaders, sendEvent, standardHeaders, stripeEvent } from '../support/payments.js';
import { type Answer, type Service, startService } from '../support/service.js';
import { SIMULATED_SECRET, SIMULATED_SETTINGS } from '../support/simulated-sales.js';
import { StripeApi } from '../support/stripe-api.js';
import { stripeSettings } from '../support/stripe-sales.js';

/**
 * docs/payments.md as somebody follows it who has nothing yet: its commands as they are printed, from an empty folder,
 * once with each provider; and its table of what each event does. Calls that only its running text names are made by
 * contract.spec.ts, which makes each call of the API, and `payments:reconcile` by payments-reconcile.spec.ts.
 */
const PAGE = 'docs/payments.md';
const DOCUMENTED = { service: 'http://127.0.0.1:3000', stripe: 'https://api.stripe.com' };

/** The variables before `npm start`, in the way that the page starts it with a provider. */
function startedWith(provider: string): [name: string, value: string][] {
  const commands = commandsOf(PAGE, provider).find(({ language }) => language === 'console')!;
  return [...commands.code.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name!, value!]);
}

const gatewaySecret = Object.fromEntries(startedWith('simulated')).WEBHOOK_SECRETS!;

let api: StripeApi;
let service: Service;
let isOver = false;
let forwarding: Promise<void>;

beforeAll(async () => {
  api = await StripeApi.start();
  // A start by hand adds its own origin, on the port of the page.
  const own = { WEBHOOK_SECRETS: gatewaySecret, PAYMENT_RETURN_ORIGINS: 'http://localhost:3000' };
  // Of the payments that the table tells of Stripe's list knows nothing: nobody reads it.
  const settings = { ...stripeSettings(api), OUTSIDE_REFUNDS_CRON: 'off' };
  service = await startService({ ...SIMULATED_SETTINGS, ...settings, ...own });
  forwarding = forward();
});

afterAll(async () => {
  isOver = true;
  await forwarding;
  await api.stop();
});

/** What Stripe's own program does meanwhile. */
async function forward(): Promise<void> {
  for (; !isOver; await pause(20)) await api.deliverTo(service);
}

it('starts the service by what each way needs, and has Stripe’s notices sent to their route', () => {
  expect(startedWith('simulated').map(([name]) => name)).toEqual(['WEBHOOK_SECRETS']);
  expect(startedWith('stripe').map(([name]) => name)).toEqual([
    'STRIPE_API_KEY',
    'STRIPE_WEBHOOK_SECRETS',
    'WEBHOOK_SECRETS',
  ]);
  expect(Object.fromEntries(startedWith('stripe'))).toMatchObject({ WEBHOOK_SECRETS: gatewaySecret });
  const listen = commandsOf(PAGE, 'stripe').find(({ language }) => language === 'console')!;
  const [, address] = /--forward-to (\S+)/.exec(listen.code)!;
  expect(`http://${address}`).toBe(`${DOCUMENTED.service}/api/payments/webhook/stripe`);
});

const SAID: Readonly<Record<string, RegExp>> = {
  'Before you begin': /"scopes":\["sell"\][^]*"name":"Poster"/,
  "A form of the shop's own":
    /"state":"preparing"[^]*"subtotal":"25.00"[^]*"amount":"29.90"[^]*"attempts":1,"last_error":"card_declined"[^]*"status":"pending_payment"[^]*"status":"paid"\n"state":"succeeded"\n$/,
  "The provider's page": /"state":"preparing"[^]*"url":"http[^]*"status":"paid"\n$/,
  "A gateway of the shop's own": /"result":"applied","order_id":\d+,"order_status":"paid"/,
  'Where money goes another way':
    /"result":"review"[^]*"outcome":"applied"[^]*"cause":"duplicate"[^]*"status":"sent"[^]*"quantity_sold":1[^]*"cause":"returned"[^]*"status":"(sent|confirmed)"/,
};

describe.each(['simulated', 'stripe'] as const)('who follows the page with %s', (provider) => {
  const folder = mkdtempSync(join(tmpdir(), 'payments-'));
  let shell: Shell;
  beforeAll(async () => {
    const env = { ...process.env, ADMIN_TOKEN: service.config.adminToken, STRIPE_API_KEY: 'sk_test_key' };
    shell = new Shell({ env, cwd: folder });
    await shell.run('set -euo pipefail');
  });
  afterAll(async () => {
    await shell.close();
    rmSync(folder, { recursive: true });
  });

  it('is paid in each way, and knows what to do where money goes another', async () => {
    const said = new Map<string, string>();
    for (const { heading, language, runBy, code } of commandsOf(PAGE)) {
      if (language !== 'sh' || (runBy !== 'payments' && runBy !== provider)) continue;
      const there = code.replaceAll(DOCUMENTED.service, service.url).replaceAll(DOCUMENTED.stripe, api.url);
      const isPageShown = code.includes('PAGE=');
      said.set(heading, `${said.get(heading) ?? ''}${await shell.run(there)}`);
      // On Stripe's page nobody pays from a shell.
      if (isPageShown && provider === 'stripe') expect(api.pay(api.sessions.at(-1)!.id)).toBe(true);
    }
    expect([...said.keys()]).toEqual(Object.keys(SAID));
    for (const [heading, output] of said) expect(output).toMatch(SAID[heading]!);
    const product = Number((await shell.run('printf %s "$PRODUCT"')).trim());
    // The shop makes one payment by itself at Stripe.
    expect(await stockOf(product)).toMatchObject({ stock_held: 0, stock_sold: provider === 'stripe' ? 5 : 4 });
    const sent = await query('SELECT amount, cause FROM refunds WHERE provider = ?', [provider]);
    expect(sent).toEqual([{ amount: '12.500', cause: 'returned' }]);
  });
});

/** The table of what each event does, by its rows. */
const TABLE = /^\| what it says .*\n\|.*\n((?:\|.*\n)+)/m.exec(readDocument(PAGE))![1]!;
const spansOf = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!);
const ROWS = TABLE.trim()
  .split('\n')
  .map((line) => line.split('|').slice(1, -1).map(spansOf));

const ACTORS = ['stripe', 'generic', 'simulated'] as const;
type Actor = (typeof ACTORS)[number];
const STATES = ['unpaid', 'paid', 'cancelled'] as const;
type State = (typeof STATES)[number];

interface Case {
  readonly actor: Actor;
  readonly type: string;
  readonly state: State;
  /** The order's status, what the shop is told, and the refunds that are due. */
  readonly becomes: readonly string[];
}

const CASES: readonly Case[] = ROWS.flatMap((cells) =>
  ACTORS.flatMap((actor, column) =>
    cells[1 + column]!.flatMap((type) =>
      STATES.map((state, index) => ({ actor, type, state, becomes: cells[4 + index]! })),
    ),
  ),
);

/** Events of money that was paid before: of the payment of a paid order, and of no known one else. */
const isOfEarlierPayment = (type: string): boolean => /refund|dispute/.test(type);

/** The same in the form of each provider, over the order's amount. */
const SEND: Readonly<Record<Actor, (type: string, order: Order, transaction: string) => Promise<Answer>>> = {
  stripe(type, order, id) {
    const isLater = isOfEarlierPayment(type);
    const isIntent = type.startsWith('payment_intent.');
    const status = type === 'refund.failed' ? 'failed' : 'succeeded';
    const subject = isIntent
      ? { id }
      : { id: isLater ? `re_${id}` : `cs_${id}`, payment_intent: id, payment_status: 'paid' };
    return sendEvent(service, stripeEvent(type, isLater ? {} : order, { ...subject, ...(isLater && { status }) }));
  },
  generic(status, order, transaction_id) {
    const notice = noticeOf(order, { status: status as 'success', transaction_id });
    return notify(service, notice, hexHeaders(gatewaySecret, JSON.stringify(notice)));
  },
  simulated(type, { payment_reference }, id) {
    const money = { amount: '99.99', currency: 'EUR' };
    const payment = { id, ...money, metadata: { payment_reference } };
    const refund = { id: `re_${id}`, ...money, metadata: {} };
    const event = { id: unique('evt'), type, created: new Date().toISOString(), payment, refund };
    const body = JSON.stringify(event);
    const headers = standardHeaders(SIMULATED_SECRET, body);
    return service.call('POST', '/api/payments/webhook/simulated', body, headers);
  },
};

const PAID_BY: Readonly<Record<Actor, string>> = {
  stripe: 'payment_intent.succeeded',
  generic: 'success',
  simulated: 'payment.succeeded',
};

describe('the table of what each event does', () => {
  it('has every type of event that is handled', () => {
    const handled = (path: string, type: RegExp) => [...readDocument(path).matchAll(type)].map(([, name]) => name!);
    const types = (actor: Actor) =>
      [...new Set(CASES.filter((one) => one.actor === actor).map(({ type }) => type))].sort();
    const sources = 'src/payment-providers';
    expect(types('stripe')).toEqual(handled(`${sources}/stripe-events.ts`, /^ {2}'([a-z_.]+)': \{ status/gm).sort());
    expect(types('simulated')).toEqual(
      handled(`${sources}/simulated/simulated-events.ts`, /^ {2}'([a-z.]+)': '\w+',/gm).sort(),
    );
    expect(types('generic')).toEqual(['failed', 'processing', 'success']);
  });

  it('says what becomes of an order, what the shop is told, and what is owed back', async () => {
    const { id: sale_id } = await createSale(service, { processing_seconds: 86_400 });
    const { id: product_id } = await createProduct(service, { sale_id, stock_total: 1000 });
    const prepared = await Promise.all(
      CASES.map(async (one) => {
        const order = await createOrder(service, { product_id });
        const transaction = unique('pi');
        if (one.state === 'cancelled') await giveBack(service, order.hold_id);
        if (one.state === 'paid') taken(await SEND[one.actor](PAID_BY[one.actor], order, transaction), 200);
        const isLater = isOfEarlierPayment(one.type);
        // A refund that comes back was made before.
        if (one.type === 'refund.failed' && one.state === 'paid')
          taken(await SEND[one.actor]('refund.created', order, transaction), 200);
        return { ...one, order, transaction: isLater ? transaction : unique('pi') };
      }),
    );
    await untilEventsHaveNumbers();
    const before = await newestEvent(service);
    await Promise.all(
      prepared.map(async ({ actor, type, order, transaction }) =>
        taken(await SEND[actor](type, order, transaction), 200),
      ),
    );
    await untilEventsHaveNumbers();
    const { items } = await readEvents(service, `?after=${before}&limit=1000`);
    const orders = await query<{ id: number; status: string; due: number }>(
      `SELECT o.id, o.status, (SELECT COUNT(*) FROM refunds r WHERE r.order_id = o.id AND r.status = 'due') AS due
       FROM orders o JOIN holds h ON h.id = o.hold_id WHERE h.product_id = ?`,
      [product_id],
    );
    const actual = prepared.map(({ order: { order_id }, actor, type, state }) => {
      const { status, due } = orders.find(({ id }) => id === order_id)!;
      const told = items.filter(({ data }) => data.order_id === order_id).map((event) => event.type);
      return { actor, type, state, becomes: [status, ...told, ...Array<string>(Number(due)).fill('due')] };
    });
    expect(actual).toEqual(CASES);
  });
});
