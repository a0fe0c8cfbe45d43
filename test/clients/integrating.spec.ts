import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { base64url } from 'jose';
import { createCheckoutClient, type ShopEvent } from '../../clients/typescript/src/index.js';
import { KeyFile, shopKey } from '../support/buyers.js';
import { execute, query } from '../support/database.js';
import { blocksOf, commandsOf, Shell } from '../support/documents.js';
import { eventually } from '../support/eventually.js';
import { adminHeaders, createKey, createProduct, stockOf, taken } from '../support/factories.js';
import { type Received, Receiver } from '../support/receiver.js';
import { type Service, startService } from '../support/service.js';
import { press, SIMULATED_PAGE, SIMULATED_SETTINGS } from '../support/simulated-sales.js';
import { buy } from './examples/shop-page.js';
import { buyerToken, catchUp, verified } from './examples/shop-server.js';

/** All of docs/integrating.md, as it stands there and in its order: a shop that tries each command and each piece of code. */
const PAGE = 'docs/integrating.md';
const DOCUMENTED = { service: 'http://127.0.0.1:3000', shop: 'http://127.0.0.1:4000/hook' };

const SHOP = shopKey('HS256');
/** The page names none, where there is but one. */
const { kid: _kid, ...nameless } = SHOP.jwk;

let service: Service;
let receiver: Receiver;
let shell: Shell;

beforeAll(async () => {
  const keys = new KeyFile([{ ...SHOP, jwk: nameless }]);
  service = await startService(keys.env('optional', SIMULATED_SETTINGS));
  receiver = await Receiver.start();
  shell = new Shell({ env: { ...process.env, ADMIN_TOKEN: service.config.adminToken } });
  await shell.run('set -euo pipefail');
});
afterAll(async () => {
  await shell.close();
  await receiver.stop();
});

/** On a busy machine a try may come to nothing, and the next one is due later. What came of it is noted after it was told. */
const untilTold = () =>
  eventually(async () => {
    await execute("UPDATE webhook_deliveries SET due_at = NOW(3) WHERE status = 'pending'");
    expect(receiver.received).not.toEqual([]);
    expect(await query('SELECT id FROM webhook_deliveries')).not.toEqual([]);
  }, 200_000);

const valueOf = async (name: string): Promise<string> => (await shell.run(`printf %s "$${name}"`)).trim();

it('goes from stock to a shipped parcel, and back to the warehouse', async () => {
  const said = new Map<string, string>();
  for (const { heading, language, code } of commandsOf(PAGE, 'integrating')) {
    if (language !== 'sh') continue;
    // What was paid is told before anybody looks whether it was.
    if (heading === 'Ship') await untilTold();
    const there = code.replaceAll(DOCUMENTED.service, service.url).replaceAll(DOCUMENTED.shop, receiver.url);
    said.set(heading, `${said.get(heading) ?? ''}${await shell.run(there)}`);
  }
  const expected: Record<string, RegExp> = {
    'What you need': /"scopes":\["sell"\][^]*"name":"warehouse"/,
    'Give stock to the sale': /"stock_total":100\b[^]*"stock_total":150\b/,
    'Hear what happens': /"secret":"whsec_/,
    "Sell from the shop's server": /"status":"active"[^]*"reference":"A-1001","reference_by":"shop"[^]*"state":"open"/,
    Ship: /"status":"(delivered|pending)","attempts":/,
    'After an outage': /"type":"order.paid"[^]*"reference":"A-1001"/,
    'Take the unsold back': /"archived":true[^]*"stock_total":2,"available_stock":0\b/,
  };
  expect([...said.keys()]).toEqual(Object.keys(expected));
  for (const [heading, output] of said) expect(output).toMatch(expected[heading]!);
  expect(receiver.received[0]!.body).toMatchObject({
    type: 'order.paid',
    data: { reference: 'A-1001', customer_id: 'c_42', items: [{ sku: 'poster-a2' }] },
  });
  expect(await stockOf(Number(await valueOf('PRODUCT')))).toMatchObject({ stock_total: 2, stock_sold: 2 });
});

/** A program that is given the page's function and says what that makes of a delivery: the event's id, or that it refuses. */
const PROGRAMS: Readonly<Record<string, { command: string; args: (code: string) => string[] }>> = {
  php: {
    command: 'php',
    args: (code) => [
      '-r',
      `${code}
       $told = json_decode(stream_get_contents(STDIN), true);
       try { echo verified($told['body'], $told['headers'], $told['secrets'])['id']; }
       catch (RuntimeException $refusal) { echo $refusal->getMessage(); }`,
    ],
  },
  python: {
    command: 'python3',
    args: (code) => [
      '-c',
      `${code}
import sys
told = json.load(sys.stdin)
try:
    print(verified(told["body"].encode(), told["headers"], told["secrets"])["id"], end="")
except ValueError as refusal:
    print(refusal, end="")`,
    ],
  },
};

interface Delivery {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

async function said(language: string, told: Delivery): Promise<string> {
  const { command, args } = PROGRAMS[language]!;
  const { code } = blocksOf(PAGE).find((block) => block.language === language)!;
  const running = promisify(execFile)(command, args(code));
  running.child.stdin!.end(JSON.stringify(told));
  return (await running).stdout;
}

describe('a delivery', () => {
  const OTHER_SECRET = `whsec_${Buffer.alloc(32).toString('base64')}`;
  let secret: string;
  let delivery: Delivery;
  let received: Received;

  beforeAll(async () => {
    [received] = receiver.received as [Received];
    secret = await valueOf('HOOK_SECRET');
    const { text: body, headers } = received;
    delivery = { body, headers: headers as Record<string, string>, secrets: [OTHER_SECRET, secret] };
  });

  it('is verified in TypeScript, and one that is none of ours refused', async () => {
    process.env.HOOK_SECRETS = `${OTHER_SECRET},${secret}`;
    expect((await verified(Buffer.from(received.text), received.headers)).id).toBe(received.id);
    process.env.HOOK_SECRETS = OTHER_SECRET;
    await expect(verified(Buffer.from(received.text), received.headers)).rejects.toThrow('No signature');
  });

  it.each(Object.keys(PROGRAMS))('has its code on the page in %s', (language) => {
    expect(blocksOf(PAGE).filter((block) => block.language === language)).toHaveLength(1);
  });

  for (const [language, { command }] of Object.entries(PROGRAMS)) {
    const isThere = spawnSync(command, ['--version']).status === 0;
    (isThere ? it : it.skip)(`is verified in ${language}, and refused likewise (needs ${command})`, async () => {
      expect(await said(language, delivery)).toBe(received.id);
      const refused = [
        { ...delivery, secrets: [OTHER_SECRET] },
        { ...delivery, body: delivery.body.replace('A-1001', 'A-1002') },
        { ...delivery, headers: { ...delivery.headers, 'webhook-id': 'evt_7' } },
      ];
      for (const one of refused) expect(await said(language, one)).toBe('No signature fits.');
      const old = String(Number(delivery.headers['webhook-timestamp']) - 301);
      const late = { ...delivery, headers: { ...delivery.headers, 'webhook-timestamp': old } };
      expect(await said(language, late)).toBe('It is too old, or too new.');
    });
  }
});

describe('a page of the shop', () => {
  it('buys for the customer whose token it has, and is led to where it is paid', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    const token = () => buyerToken('c_43', base64url.decode(SHOP.jwk.k!));
    const checkout = createCheckoutClient({ baseUrl: service.url, token });
    const url = await buy(checkout, id, { ...SIMULATED_PAGE, kind: 'checkout' });
    await press(service, new URL(url).pathname, 'pay');
    await eventually(async () => {
      const orders = await service.call('GET', '/api/admin/orders?customer_id=c_43', undefined, adminHeaders(service));
      expect(taken(orders, 200)).toMatchObject({ items: [{ status: 'paid', product_id: id }] });
    });
  });
});

describe('a shop that was away', () => {
  it('takes from the feed what it missed, each event once, and goes on from there', async () => {
    const { key } = await createKey(service, ['events']);
    const checkout = createCheckoutClient({ baseUrl: service.url, token: key });
    const events: ShopEvent[] = [];
    const take = (event: ShopEvent): Promise<void> => Promise.resolve(void events.push(event));
    const expectEachOnce = (last: number): void =>
      expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: last }, (_, n) => n + 1));
    const last = await catchUp(checkout, 0, take);
    expectEachOnce(last);
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['order.created', 'order.paid']));
    // More may have happened meanwhile: that a product has units again is told a moment later.
    expectEachOnce(await catchUp(checkout, last, take));
  });
});
