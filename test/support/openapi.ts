import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { groupBy } from '../../src/common/group-by.js';
import { type ProblemCode, PROBLEMS } from '../../src/common/problem.js';

/** The parts of an OpenAPI document that tests look at. */
export type Schema = Record<string, unknown>;

interface Media {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly schema: Schema }>>;
  readonly content?: Readonly<Record<string, Media>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Answer>>;
  readonly description: string;
  readonly security: readonly unknown[];
  readonly 'x-scopes'?: readonly string[];
}

export interface ApiDocument {
  /** Of operations that do not say otherwise. */
  readonly security: readonly unknown[];
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly webhooks: Readonly<Record<string, { readonly $ref: string }>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  /** For its type. */
  readonly media: Media;
}

/** The operations of the document; parameters and answers that it refers to are in their place. */
export function operationsOf(document: ApiDocument): { method: string; path: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const parameters = (operation.parameters ?? []).map((parameter) => resolved(document, parameter));
      const answers = Object.entries(operation.responses).map(([status, answer]) => [
        status,
        resolved(document, answer),
      ]);
      const responses = withDefaults(Object.fromEntries(answers) as Operation['responses']);
      const { security = document.security } = operation;
      return { method, path, operation: { ...operation, security, parameters, responses } };
    }),
  );
}

/** What is said of all other answers at once, at the statuses of its codes. */
function withDefaults({ default: others, ...responses }: Operation['responses']): Operation['responses'] {
  if (others === undefined) return responses;
  const { examples = {}, ...media } = others.content!['application/problem+json']!;
  const byStatus = groupBy(codesOf(others), (code) => PROBLEMS[code as ProblemCode].status);
  const answers = [...byStatus].map(([status, codes]): [string, Answer] => {
    const shown = Object.entries(examples).filter(([code]) => codes.includes(code));
    const described = { ...media, ...(shown.length > 0 && { examples: Object.fromEntries(shown) }) };
    const description = codes.map((code) => `\`${code}\`: `).join('');
    return [String(status), { ...others, description, content: { 'application/problem+json': described } }];
  });
  return { ...responses, ...Object.fromEntries(answers) };
}

/** What the document says of the body of an event. */
export function webhookSchema(document: ApiDocument, type: string): Schema {
  const { post } = resolved(document, document.webhooks[type]!) as unknown as { post: Operation };
  return post.requestBody!.content['application/json']!.schema;
}

/** What a reference of the document leads to; all else as it is. */
export function resolved<T extends object>(document: ApiDocument, node: T): T {
  const [, kind, name] = /^#\/components\/(\w+)\/(.+)$/.exec(String((node as { $ref?: unknown }).$ref)) ?? [];
  if (kind === undefined) return node;
  return (document.components as Record<string, Record<string, unknown>>)[kind]![name!] as T;
}

/** Names of the schemas that a part of the document refers to, itself or by what it refers to. */
export function schemasIn(document: ApiDocument, part: object, names = new Set<string>()): Set<string> {
  for (const [$ref] of JSON.stringify(part).matchAll(/#\/components\/\w+\/[^"]+/g)) {
    const isSchema = $ref.startsWith('#/components/schemas/');
    const name = $ref.split('/').at(-1)!;
    if (isSchema && names.has(name)) continue;
    if (isSchema) names.add(name);
    schemasIn(document, resolved(document, { $ref }), names);
  }
  return names;
}

/** The examples of a media type: its own, or those of its schema. */
export function examplesOf(document: ApiDocument, { schema, example, examples }: Media): unknown[] {
  if (examples !== undefined) return Object.values(examples).map((shown) => resolved(document, shown).value);
  return example === undefined ? examplesOfSchema(document, schema) : [example];
}

/** The examples of a schema, or one that is made of those of its parts. */
function examplesOfSchema(document: ApiDocument, schema: Schema): unknown[] {
  const { examples, properties, items, allOf, anyOf } = resolved(document, schema) as {
    examples?: unknown[];
    properties?: Record<string, Schema>;
    items?: Schema;
    allOf?: Schema[];
    anyOf?: Schema[];
  };
  if (examples !== undefined) return examples;
  if (anyOf !== undefined) return examplesOfSchema(document, anyOf[0]!);
  if (allOf !== undefined) return [Object.assign({}, ...allOf.map((part) => examplesOfSchema(document, part)[0]))];
  if (items !== undefined) return [examplesOfSchema(document, items)];
  const parts = Object.entries(properties ?? {}).map(([name, part]) => [name, examplesOfSchema(document, part)[0]]);
  return parts.length === 0 ? [] : [Object.fromEntries(parts)];
}

/** The codes of the problems that an answer may come with: its description has each between backquotes, and its title. */
export function codesOf({ description, content }: Answer): string[] {
  const isProblem = content?.['application/problem+json'] !== undefined;
  return isProblem ? [...description.matchAll(/`([A-Z_]+)`: /g)].map(([, code]) => code!) : [];
}

/** Holds values against schemas of the document, and returns what is wrong with them, fields that it doesn't name included. */
export function schemaChecker(document: ApiDocument): (schema: Schema, value: unknown) => string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) => [name, closedWithin(schema)]);
  ajv.addSchema({ $id: 'api', components: { schemas: Object.fromEntries(schemas) } });
  const compiled = new Map<Schema, ValidateFunction>();
  return (schema, value) => {
    const text = JSON.stringify(closed(schema)).replaceAll('"#/components', '"api#/components');
    const validate = compiled.get(schema) ?? ajv.compile(JSON.parse(text) as Schema);
    compiled.set(schema, validate);
    return validate(value) ? [] : validate.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}

/** The document leaves its answers open, since a later version may say more: here what it doesn't name is wrong. */
function closed(node: unknown): unknown {
  const within = closedWithin(node);
  const isObject = typeof node === 'object' && node !== null && ('$ref' in node || 'properties' in node);
  return isObject ? { ...(within as Schema), unevaluatedProperties: false } : within;
}

/** A schema of which others are made up can't be closed by itself, only the parts in it. */
function closedWithin(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, child]: [string, unknown]) => {
      if (key === 'allOf' || key === 'oneOf') return [key, (child as unknown[]).map(closedWithin)];
      if (key === 'properties')
        return [key, Object.fromEntries(Object.entries(child as Schema).map(([name, each]) => [name, closed(each)]))];
      return [key, closed(child)];
    }),
  );
}
