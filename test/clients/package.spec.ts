import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createProduct } from '../support/factories.js';
import { type Block, commandsOf, ROOT } from '../support/documents.js';
import { type Service, startService } from '../support/service.js';

const CLIENT = join(ROOT, 'clients/typescript');
const NAME = 'flash-sale-checkout-client';

/** A shop's project: the packed client with what it depends on, and nothing of this repository. */
const shop = mkdtempSync(join(tmpdir(), 'shop-'));
let service: Service;

const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;

/** What a command prints; the service runs in this process, so nobody waits for one here. */
const run = async (command: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(command, args, { cwd: shop, env: { ...process.env, NODE_OPTIONS: '' } })).stdout;

beforeAll(async () => {
  service = await startService();
  const [{ code }] = commandsOf('clients/typescript/README.md', 'package') as [Block];
  const pack = `cd ${ROOT} && ${code.trim()} --silent --pack-destination ${shop}`;
  const packed = await run('sh', '-c', pack);
  await run('tar', '-xzf', packed.trim().split('\n').at(-1)!);
  mkdirSync(join(shop, 'node_modules'));
  cpSync(join(shop, 'package'), join(shop, 'node_modules', NAME), { recursive: true });
  for (const dependency of ['openapi-fetch', 'openapi-typescript-helpers'])
    symlinkSync(join(ROOT, 'node_modules', dependency), join(shop, 'node_modules', dependency));
  writeFileSync(join(shop, 'package.json'), '{"type":"module"}');
});
afterAll(() => rmSync(shop, { recursive: true }));

describe('the packed client', () => {
  it('has what it was built of and its README, and neither sources nor tests', async () => {
    const files = (await run('find', `node_modules/${NAME}`, '-type', 'f'))
      .trim()
      .split('\n')
      .map((path) => path.split('/').slice(2).join('/'));
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'dist/index.js', 'dist/index.d.ts']));
    expect(files.filter((path) => !/^(package[.]json|README[.]md|dist[/][a-z]+([.]d[.]ts|[.]js))$/.test(path))).toEqual(
      [],
    );
  });

  it('needs openapi-fetch alone, in the version that it is tested with here, and the Node that the service needs', () => {
    const { dependencies, engines } = manifestOf(CLIENT);
    const { devDependencies, engines: ours } = manifestOf(ROOT);
    expect(dependencies).toEqual({ 'openapi-fetch': devDependencies!['openapi-fetch'] });
    expect(engines).toEqual(ours);
  });

  it('serves a shop that is compiled as strictly as can be, in Node and for browsers', async () => {
    const { id } = await createProduct(service, { stock_total: 1 });
    writeFileSync(
      join(shop, 'shop.ts'),
      `import { createCheckoutClient, type ShopEvent } from '${NAME}';
       const { data, error } = await createCheckoutClient({ baseUrl: '${service.url}' })
         .POST('/api/holds', { body: { product_id: ${id}, quantity: 2 } });
       if (data) throw new Error(data.hold_id);
       export const left: number | null = error.code === 'INSUFFICIENT_STOCK' ? error.available_stock : -1;
       export const order = (event: ShopEvent): string | null => event.type === 'order.paid' ? event.data.reference : null;
       console.log(left);`,
    );
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const strict = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--target', 'es2022'];
    const browser = ['--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2023,dom'];
    await run('node', tsc, 'shop.ts', ...strict, ...browser, '--noEmit');
    await run('node', tsc, 'shop.ts', ...strict, '--module', 'nodenext', '--lib', 'es2023,dom');
    expect(await run('node', 'shop.js')).toBe('1\n');
  });
});
