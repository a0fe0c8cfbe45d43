// Writes the types of clients/typescript from docs/openapi.json; with `--check` it only says whether they are those.

import { readFile, writeFile } from 'node:fs/promises';

import openapiTypes, { astToString } from 'openapi-typescript';

const DOCUMENT = new URL('../docs/openapi.json', import.meta.url);
const TYPES = new URL('../clients/typescript/src/openapi.ts', import.meta.url);

const KEY = 'idempotency-key';

/** The calls that take a key, as `METHOD /path`: what the types alone can't tell a running client. */
function keyedCalls({ paths, components }) {
  const isKey = ({ $ref, name }) => ($ref ? components.parameters[$ref.split('/').at(-1)].name : name) === KEY;
  return Object.entries(paths).flatMap(([path, calls]) =>
    Object.entries(calls).flatMap(([method, { parameters = [] }]) =>
      parameters.some(isKey) ? [`${method.toUpperCase()} ${path}`] : [],
    ),
  );
}

/** The document with its webhooks in their place, each by itself: what makes the types does not look where they refer to. */
function withWebhooks({ webhooks, components: { pathItems, ...components }, ...document }) {
  const inPlace = Object.entries(webhooks).map(([type, { $ref }]) => {
    const { post } = pathItems[$ref.split('/').at(-1)];
    return [type, { post: { ...post, operationId: undefined } }];
  });
  return { ...document, components, webhooks: Object.fromEntries(inPlace) };
}

const document = JSON.parse(await readFile(DOCUMENT, 'utf8'));
const types = astToString(await openapiTypes(Buffer.from(JSON.stringify(withWebhooks(document)))));
const keyed = keyedCalls(document).map((call) => `    "${call}",\n`);
const wanted = `// Made from docs/openapi.json by \`npm run client\`.

/** The calls that take an \`Idempotency-Key\`. */
export const KEYED_CALLS: ReadonlySet<string> = new Set([
${keyed.join('')}]);

${types}`;

if (!process.argv.includes('--check')) await writeFile(TYPES, wanted);
else if ((await readFile(TYPES, 'utf8')) !== wanted) {
  console.error('clients/typescript is not what docs/openapi.json says: run `npm run client`.');
  process.exitCode = 1;
}
