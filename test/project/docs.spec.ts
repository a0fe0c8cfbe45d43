import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seed } from '../../src/cli/database-commands.js';
import { execute, query } from '../support/database.js';
import { blocksOf, Shell } from '../support/documents.js';
import { eventually } from '../support/eventually.js';
import { PATIENT, type Service, startService } from '../support/service.js';
import { SIMULATED_SECRET } from '../support/simulated-sales.js';

/**
 * The documents' shell examples, run in their order against a real service. An example is a block of `sh` marked as part
 * of the tour; the blocks of `http`, `json` or `text` that follow it are its answers, all of them and complete but for
 * headers that are not shown. Ids of holds and times may differ, everything else is as written. A block of `console` that
 * starts the service with settings of its own has the examples after it run against such a service; any other is a command
 * that must succeed, whatever it says.
 */
const MARK = 'tour';
const DOCUMENTED_URL = 'http://127.0.0.1:3000';
/** What `npm start` sets by itself, on the documented port. */
const STARTED = {
  ROLES: 'api,worker,scheduler',
  // A notice is applied by who makes its order, as is documented, and not by the clock.
  RECONCILIATION_CRON: 'off',
  SIMULATED_WEBHOOK_SECRETS: SIMULATED_SECRET,
  PAYMENT_RETURN_ORIGINS: 'http://localhost:3000',
};
const ANSWER_LANGUAGES = ['http', 'json', 'text'];
const HOLD_ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const REFERENCE = /\b([0-9]+)-[a-z2-7]{16}\b/g;

interface Example {
  readonly title: string;
  readonly code: string;
  readonly answers: string[];
  /** Whether all that counts is that it succeeds. */
  readonly isCommand: boolean;
  /** Environment variables of the service that it is run against. */
  readonly settings: Readonly<Record<string, string>>;
}

function examplesOf(document: string): Example[] {
  const examples: Example[] = [];
  let settings = {};
  for (const { heading: title, language, runBy, code } of blocksOf(document)) {
    const started = language === 'console' ? settingsIn(code) : null;
    if (ANSWER_LANGUAGES.includes(language)) examples.at(-1)?.answers.push(code);
    else if (started !== null) settings = started;
    else if (runBy === MARK) examples.push({ title, code, answers: [], isCommand: language === 'console', settings });
  }
  return examples;
}

/** The variables before `npm start`; null when the block starts nothing. */
function settingsIn(code: string): Record<string, string> | null {
  const [, assignments] = /^((?:[A-Z_]+=\S+ )*)npm start$/m.exec(code) ?? [];
  if (assignments === undefined) return null;
  return Object.fromEntries([...assignments.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name!, value!]));
}

/** What is compared of an answer: a JSON body by its values, in any order and layout. */
function comparable(answer: string) {
  const text = answer
    .trim()
    .replaceAll('\r', '')
    .replace(HOLD_ID, '<hold id>')
    .replace(TIME, '<time>')
    .replace(REFERENCE, '$1-<reference>');
  const [, statusLine, headerLines = '', body = ''] = /^(HTTP\/.*)\n?((?:.+\n?)*)\n*([^]*)$/.exec(text) ?? [
    '',
    '',
    '',
    text,
  ];
  const headers = headerLines.split('\n').filter((line) => line !== '');
  return { statusLine, headers, body: /^[[{]/.test(body) ? (JSON.parse(body) as unknown) : body };
}

/** Where a reader has to wait for a hold to expire, the test moves its end instead. */
async function passTime(code: string): Promise<string> {
  const longSleep = /^sleep \d{2,}$/m;
  if (!longSleep.test(code)) return code;
  await execute('UPDATE holds SET expires_at = NOW(3) - INTERVAL 1 SECOND WHERE used = 0 AND released = 0');
  return code.replace(longSleep, '');
}

/** Where a reader waits for a second, the test waits for what is done in it, which takes a busy machine longer. */
async function runIn(shell: Shell, code: string): Promise<string> {
  let output = '';
  for (const [index, part] of code.split(/^sleep 1$/m).entries()) {
    if (index > 0)
      await eventually(async () =>
        expect(
          await query(
            "SELECT w.id FROM webhook_logs w JOIN orders o ON o.id = w.order_id WHERE w.status = 'pending_order'",
          ),
        ).toEqual([]),
      );
    output += await shell.run(part);
  }
  return output;
}

let service: Service;
const services = new Map<string, Promise<Service>>();

function serviceWith(settings: Example['settings']): Promise<Service> {
  const name = JSON.stringify(settings);
  if (!services.has(name)) services.set(name, startService({ ...PATIENT, ...STARTED, ...settings }));
  return services.get(name)!;
}

beforeAll(async () => {
  service = await serviceWith({});
  await seed(service.config);
});

// DEMO.md first: it tells how much is left, and README.md takes a unit.
describe.each(['DEMO.md', 'README.md'])('%s', (document) => {
  const examples = examplesOf(document);
  let shell: Shell;
  beforeAll(async () => {
    shell = new Shell({ env: { ...process.env, ADMIN_TOKEN: service.config.adminToken } });
    await shell.run('set -euo pipefail');
  });
  afterAll(() => shell.close());

  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  it.each(examples)('shows what the service answers: $title', async ({ code, answers, isCommand, settings }) => {
    const { url } = await serviceWith(settings);
    if (isCommand) return void (await shell.run(`SERVICE_URL=${url} ${code}`));
    // A server that is late, of which this tells, is none of what is documented.
    if (code.includes('/health/ready'))
      await eventually(async () =>
        expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({ status: 'ok' }),
      );
    const output = await runIn(shell, (await passTime(code)).replaceAll(DOCUMENTED_URL, url));
    const given = output.split(/^(?=HTTP\/1\.1 )/m).filter((answer) => answer.trim() !== '');
    const documented = answers.map(comparable);
    const actual = given.map(comparable).map((answer, index) => ({
      ...answer,
      headers: answer.headers.filter((header) => documented[index]?.headers.includes(header)),
    }));
    expect(actual).toEqual(documented);
  });
});
