import { MATCHES } from 'class-validator';
import { targetConstructorToSchema } from 'class-validator-jsonschema';
import { DESCRIBED_RULE } from './described.decorator.js';
import { isSameOrAbsent, SAME_AS_KEYWORD, SAME_AS_RULE } from './same-as.decorator.js';

/** JSON Schema keyword that says in words what a `pattern` asks for: "must be …". */
export const RULE_KEYWORD = 'x-rule';

/**
 * JSON Schema keyword with what the document says in place of the schema's own members, null for nothing: of what
 * travels as text, or of a rule that readers of documents don't understand.
 */
export const DOCUMENTED_KEYWORD = 'x-documented';

/** JSON Schema keyword with the schema of the DTO that a DTO extends: the document says once what both have. */
export const PARENT_KEYWORD = 'x-parent';

export type JsonSchema = Record<string, unknown>;
export type DtoClass = abstract new (...args: never[]) => object;

/**
 * The JSON Schema (2020-12, as OpenAPI 3.1 uses it) of a DTO, compiled from its class-validator rules: the
 * one declaration serves validation, serialization and documentation. Unknown properties are refused.
 */
export function schemaOf(dto: DtoClass): JsonSchema {
  const schema = targetConstructorToSchema(dto, {
    additionalConverters: {
      [DESCRIBED_RULE]: (meta) => (meta.constraints as (() => JsonSchema)[])[0]!(),
      [MATCHES]: (meta) => patternSchema(meta.constraints as [RegExp], meta.message),
      [SAME_AS_RULE]: (meta) => ({ [SAME_AS_KEYWORD]: (meta.constraints as string[])[0] }),
    },
  }) as JsonSchema;
  const parent = Object.getPrototypeOf(dto) as DtoClass;
  return {
    title: dto.name,
    additionalProperties: false,
    ...(parent.name.endsWith('Dto') && { [PARENT_KEYWORD]: schemaOf(parent) }),
    ...schema,
  };
}

/** A text of a form that a regular expression checks, and a sentence says: answers give the sentence. */
function patternSchema([pattern]: readonly [RegExp], rule: unknown): JsonSchema {
  return { type: 'string', pattern: pattern.source, ...(typeof rule === 'string' && { [RULE_KEYWORD]: rule }) };
}

/** What the document says of a text of digits. */
export const DOCUMENTED_AS_INTEGER: JsonSchema = { type: 'integer', pattern: null, [RULE_KEYWORD]: null };

/** The number of a row in a path or a query: positive, without leading zeros, and exact as a JSON number. */
export const NUMBER_PARAM: JsonSchema = {
  type: 'string',
  pattern: '^[1-9][0-9]{0,14}$',
  [RULE_KEYWORD]: 'must be a whole number from 1, without leading zeros',
  [DOCUMENTED_KEYWORD]: { ...DOCUMENTED_AS_INTEGER, minimum: 1, maximum: 999_999_999_999_999 },
};

/** A time as the API prints it: ISO 8601 in UTC with milliseconds. */
export const DATE_TIME: JsonSchema = { type: 'string', format: 'date-time' };

/** A text, or null where there is none. */
export const TEXT_OR_NULL: JsonSchema = { type: ['string', 'null'] };

/** The schema of an object that may also be null. */
export function nullable(schema: JsonSchema): JsonSchema {
  return { ...schema, type: [schema.type, 'null'] };
}

/** Options of Fastify's Ajv: what a client sent is checked, never changed; all wrong fields are named. */
export const AJV_OPTIONS = {
  coerceTypes: false as const,
  removeAdditional: false as const,
  useDefaults: false,
  allErrors: true,
  // With an error comes the schema that it breaks, and with that the rule in words.
  verbose: true,
  keywords: [
    { keyword: RULE_KEYWORD, schemaType: 'string' as const },
    { keyword: DOCUMENTED_KEYWORD, schemaType: 'object' as const },
    { keyword: PARENT_KEYWORD, schemaType: 'object' as const },
    {
      keyword: SAME_AS_KEYWORD,
      schemaType: 'string' as const,
      validate: (other: string, value: unknown, _schema?: unknown, context?: { parentData: unknown }) =>
        isSameOrAbsent(value, (context?.parentData as Record<string, unknown>)[other]),
      errors: false,
    },
  ],
};
