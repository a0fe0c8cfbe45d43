import fc from 'fast-check';
import { type ApiDocument, type Operation, operationsOf, type Parameter, resolved, type Schema } from './openapi.js';

/** One request of the fuzz run, and the operation of the document that it is meant for. */
export interface ApiRequest {
  readonly method: string;
  readonly template: string;
  readonly operation: Operation;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** Values that really exist, so that requests get past the first question. */
export interface KnownValues {
  readonly product_id: readonly unknown[];
  readonly hold_id: readonly unknown[];
  readonly order_id: readonly unknown[];
}

const NASTY = [
  '',
  ' ',
  '0',
  '-1',
  '1e9',
  'null',
  "' OR 1=1 --",
  '../../etc/passwd',
  '%00',
  '\u0000',
  '💥',
  '\ud800',
  '<script>',
  '{{7*7}}',
  '${7}',
  'a'.repeat(5000),
  '__proto__',
  'constructor',
];

const nasty = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 300 }),
);
const anyJson = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;

/** Mostly what the schema describes, sometimes next to it. */
function valueOf(schema: Schema, document: ApiDocument, known: KnownValues, name = ''): fc.Arbitrary<unknown> {
  const right = rightValueOf(schema, document, known);
  const existing = known[name as keyof KnownValues] as readonly unknown[] | undefined;
  const usual =
    existing === undefined
      ? right
      : fc.oneof({ arbitrary: fc.constantFrom(...existing), weight: 4 }, { arbitrary: right, weight: 1 });
  return fc.oneof({ arbitrary: usual, weight: 12 }, { arbitrary: nasty, weight: 1 }, { arbitrary: anyJson, weight: 1 });
}

function rightValueOf(schema: Schema, document: ApiDocument, known: KnownValues): fc.Arbitrary<unknown> {
  if (typeof schema.$ref === 'string') {
    return rightValueOf(document.components.schemas[schema.$ref.split('/').at(-1)!]!, document, known);
  }
  if (Array.isArray(schema.allOf)) return rightValueOf(merged(schema, document), document, known);
  if (Array.isArray(schema.anyOf))
    return fc.oneof(...(schema.anyOf as Schema[]).map((part) => rightValueOf(part, document, known)));
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  const [type] = [schema.type].flat() as string[];
  switch (type) {
    case 'object':
      return objectOf(schema, document, known);
    case 'array':
      return fc.array(rightValueOf(schema.items as Schema, document, known), { maxLength: 3 });
    case 'integer':
    case 'number': {
      const { minimum: min = 0, maximum: max = Number.MAX_SAFE_INTEGER } = schema as {
        minimum?: number;
        maximum?: number;
      };
      return fc.oneof(
        fc.integer({ min: Math.max(min, 1), max: Math.min(max, 12) }),
        fc.constantFrom(min, max, min - 1, max + 1, 1.5),
      );
    }
    case 'string':
      return typeof schema.pattern === 'string'
        ? fc.oneof(fc.stringMatching(new RegExp(schema.pattern)), nasty)
        : fc.string({
            minLength: Number(schema.minLength ?? 0),
            maxLength: Math.min(Number(schema.maxLength ?? 50), 260),
          });
    case 'null':
      return fc.constant(null);
    default:
      return anyJson;
  }
}

/** What is said in several parts, as one. */
function merged({ allOf, ...rest }: Schema, document: ApiDocument): Schema {
  const parts = [...(allOf as Schema[]).map((part) => resolved(document, part)), rest];
  const required = parts.flatMap((part) => (part.required ?? []) as string[]);
  const properties = Object.assign({}, ...parts.map((part) => part.properties ?? {})) as Schema;
  return { ...(Object.assign({}, ...parts) as Schema), properties, required };
}

function objectOf(schema: Schema, document: ApiDocument, known: KnownValues): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const model = Object.fromEntries(
    properties.map(([name, property]) => [name, valueOf(property, document, known, name)]),
  );
  const required = fc.record(model, {
    requiredKeys: ((schema.required ?? []) as string[]).filter((name) => name in model),
  });
  const loose = fc.record(model, { requiredKeys: [] });
  const strange = fc
    .tuple(loose, fc.dictionary(fc.string(), anyJson, { maxKeys: 2 }))
    .map(([object, more]) => ({ ...object, ...more }));
  return fc.oneof(
    { arbitrary: required, weight: 8 },
    { arbitrary: loose, weight: 1 },
    { arbitrary: strange, weight: 1 },
  );
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
const asHeader = (value: unknown): string =>
  asText(value)
    .replaceAll(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, 2000);

/** Where a path or a query allows any text, it is sent as a client would: encoded. */
function encode(value: unknown): string {
  return encodeURIComponent(Buffer.from(asText(value).slice(0, 1500)).toString());
}

function bodyOf(operation: Operation, document: ApiDocument, known: KnownValues): fc.Arbitrary<string | undefined> {
  const schema = operation.requestBody?.content['application/json']?.schema;
  if (schema === undefined) return fc.constant(undefined);
  const json = valueOf(schema, document, known).map((value) => JSON.stringify(value) ?? '');
  return fc.oneof(
    { arbitrary: json, weight: 30 },
    { arbitrary: nasty, weight: 1 },
    { arbitrary: json.map((text) => text.slice(0, -1)), weight: 1 },
  );
}

/** Of the many wrong ways to ask for something new few get as far as making it, so what makes is asked more often. */
const weightOf = ({ responses }: Operation): number => ('201' in responses ? 4 : 1);

/** Requests for every operation of the document: right ones, wrong ones and senseless ones. */
export function apiRequests(document: ApiDocument, known: KnownValues, adminToken: string): fc.Arbitrary<ApiRequest> {
  // After thirty calls without it the address is told to wait, whatever else is wrong with its calls.
  const tokens = fc.oneof(
    { arbitrary: fc.constant(`Bearer ${adminToken}`), weight: 20 },
    { arbitrary: fc.constantFrom('Bearer wrong', 'Basic !', ''), weight: 1 },
  );
  return fc.oneof(
    ...operationsOf(document).map(({ method, path: template, operation }) => {
      const parameters = operation.parameters ?? [];
      const of = (place: Parameter['in']) => {
        const chosen = parameters.filter((parameter) => parameter.in === place);
        const model = Object.fromEntries(
          chosen.map(({ name, schema }) => [name, valueOf(schema, document, known, name)]),
        );
        return fc.record(model, { requiredKeys: place === 'path' ? Object.keys(model) : [] }) as fc.Arbitrary<
          Record<string, unknown>
        >;
      };
      const contentType = fc.oneof(
        { arbitrary: fc.constant('application/json'), weight: 20 },
        { arbitrary: fc.constantFrom('text/plain', 'application/xml', 'x'), weight: 1 },
      );
      const arbitrary = fc
        .record({
          path: of('path'),
          query: of('query'),
          header: of('header'),
          body: bodyOf(operation, document, known),
          contentType,
          token: tokens,
        })
        .map(({ path, query, header, body, contentType: type, token }): ApiRequest => {
          const filled = template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encode(path[name]) || '%20');
          const search = Object.entries(query)
            .map(([name, value]) => `${name}=${encode(value)}`)
            .join('&');
          const headers = Object.fromEntries(Object.entries(header).map(([name, value]) => [name, asHeader(value)]));
          if (body !== undefined) headers['content-type'] = type;
          if (operation.security.length > 0 && token !== '') headers.authorization = token;
          return {
            method: method.toUpperCase(),
            template,
            operation,
            path: search === '' ? filled : `${filled}?${search}`,
            headers,
            ...(body !== undefined && { body }),
          };
        });
      return { arbitrary, weight: weightOf(operation) };
    }),
  );
}
