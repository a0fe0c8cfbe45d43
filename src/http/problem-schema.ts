import { type ProblemCode, PROBLEMS } from '../common/problem-catalogue.js';
import { DATE_TIME, DOCUMENTED_KEYWORD, type JsonSchema } from './json-schema.js';

/** The schema of problem documents: to who writes them one that fits all, to readers of the document one for each code. */

/** JSON Schema keyword with the codes that the problems of one answer have; the document tells of them in its own way. */
export const CODES_KEYWORD = 'x-codes';

/** What the document says of an answer: each code of its problems between backquotes, with its title. */
export function descriptionOf(codes: readonly ProblemCode[]): string {
  return codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; ');
}

/** The codes of a description that {@link descriptionOf} has made. */
export function codesIn(description: string): string[] {
  return [...description.matchAll(/`([A-Z_]+)`: /g)].map(([, code]) => code!);
}

const number = (description: string): JsonSchema => ({ type: 'integer', description });

/** What the problems of some codes say beyond the usual; a description ends up in clients that are made of it. */
const PROBLEM_MEMBERS: Readonly<Partial<Record<ProblemCode, Readonly<Record<string, JsonSchema>>>>> = {
  VALIDATION_FAILED: {
    errors: {
      type: 'array',
      description: 'What is wrong with which field',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
  SCOPE_MISSING: { scope: { type: 'string', description: 'What the key would need' } },
  SALE_NOT_STARTED: { starts_at: DATE_TIME },
  HOLD_NOT_EXTENDABLE: { reason: { type: 'string', enum: ['none_left', 'used', 'expired', 'sale_ended'] } },
  SKU_TAKEN: { product_id: number('The product that has the SKU') },
  INSUFFICIENT_STOCK: {
    available_stock: {
      type: ['integer', 'null'],
      description: 'Units that are left; null, with `availability`, where its sale shows no figures',
    },
    availability: { type: 'string', enum: ['many', 'few', 'some', 'none'] },
  },
  CUSTOMER_LIMIT_REACHED: {
    limit: number('Units that one customer may have'),
    remaining: number('Units that this one may have more'),
    scope: { type: 'string', enum: ['product', 'sale'] },
  },
  AMOUNT_MISMATCH: { amount: { type: 'string', description: 'What is due' } },
  HOLD_ALREADY_USED: { order_id: number('The order that was made of the hold') },
  QUANTITY_NOT_RETURNABLE: { returnable: number('Units that can be returned') },
  STOCK_BELOW_COMMITTED: { committed: number('Units that are held or sold') },
  EVENTS_GONE: { oldest_sequence: number('The oldest event that is kept') },
};

/** Members that not each problem of their code has. */
const SOMETIMES: ReadonlySet<string> = new Set(['availability']);

const USUAL: Readonly<Record<string, JsonSchema>> = {
  type: { type: 'string', format: 'uri-reference', description: 'Path of the page about this code' },
  title: { type: 'string' },
  status: { type: 'integer', minimum: 400, maximum: 599 },
  detail: { type: 'string' },
};

const CODES = Object.keys(PROBLEMS) as ProblemCode[];

/** One schema for the codes that say the usual alone, and one for each other. */
const BY_CODE: readonly JsonSchema[] = [
  {
    required: ['code'],
    properties: { code: { type: 'string', enum: CODES.filter((code) => !(code in PROBLEM_MEMBERS)) } },
  },
  ...Object.entries(PROBLEM_MEMBERS).map(([code, members]) => ({
    required: ['code', ...Object.keys(members).filter((name) => !SOMETIMES.has(name))],
    properties: { code: { enum: [code] }, ...members },
  })),
];

/** The schema of every problem document. Its writer takes whatever it is given; only readers need to be told. */
export const PROBLEM_SCHEMA: JsonSchema = {
  title: 'ProblemDto',
  type: 'object',
  required: [...Object.keys(USUAL), 'code'],
  properties: { ...USUAL, code: { type: 'string' } },
  additionalProperties: true,
  [DOCUMENTED_KEYWORD]: { required: Object.keys(USUAL), properties: USUAL, additionalProperties: null, oneOf: BY_CODE },
};
