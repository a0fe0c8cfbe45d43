import { firstCharacters } from '../common/first-characters.js';
import type { FastifyError } from 'fastify';
import { RULE_KEYWORD } from './json-schema.js';
import { type FieldError, ValidationError } from '../common/problem.js';

/** Field errors that one answer names: a body can break the rules in as many places as it has bytes. */
const NAMED_MAX = 20;

/** Characters that an answer repeats of what a client made up, such as the name of a field. */
const REPEATED_MAX = 64;

type AjvError = NonNullable<FastifyError['validation']>[number] & {
  /** The schema whose rule is broken; it says a pattern in words, too. */
  readonly parentSchema?: { readonly [RULE_KEYWORD]?: string; readonly not?: { readonly enum?: readonly unknown[] } };
};

/** What Fastify throws for a body, path, query or header that breaks its schema. Nobody reads its message or stack. */
export class SchemaError extends Error {
  constructor() {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super('The request breaks its schema');
    Error.stackTraceLimit = limit;
  }
}

/** Names what is wrong with a request, field by field, and no more of it than a person would read. */
export function validationProblem({ validation = [], validationContext }: FastifyError): ValidationError {
  const told = (validation as AjvError[]).filter(isTold);
  const errors = told.slice(0, NAMED_MAX).map(toFieldError);
  const more = told.length > NAMED_MAX ? `; and ${told.length - NAMED_MAX} more` : '';
  return new ValidationError(
    `The ${partName(validationContext)} is not valid: ${errors.map(describe).join('; ')}${more}.`,
    errors,
  );
}

/** What could not be read at all. */
export function unreadableBody(error: FastifyError): ValidationError {
  const detail =
    UNREADABLE[codeOf(error)] ??
    'The request could not be read: the URL, the headers or the JSON of the body is malformed.';
  return new ValidationError(detail, []);
}

const UNREADABLE: Readonly<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty; send JSON, or no Content-Type where none is needed.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON.',
};

/** Nest wraps what Fastify says of a body that it can't read. */
function codeOf({ code, cause }: FastifyError): string {
  return code ?? (cause as Partial<FastifyError> | undefined)?.code ?? '';
}

/** Where one of several forms is needed, what the first of them lacks says enough. */
function isTold({ keyword, schemaPath }: AjvError): boolean {
  return keyword !== 'anyOf' && !/\/anyOf\/[1-9]/.test(schemaPath);
}

function partName(context: string | undefined): string {
  return { body: 'body', params: 'path', querystring: 'query', headers: 'header' }[context ?? ''] ?? 'request';
}

function describe({ field, message }: FieldError): string {
  return field === '' ? message : `${field} ${message}`;
}

function toFieldError(error: AjvError): FieldError {
  const { instancePath, keyword, params } = error;
  const path = instancePath.split('/').slice(1);
  if (keyword === 'required') path.push(String(params.missingProperty));
  if (keyword === 'additionalProperties') path.push(String(params.additionalProperty));
  return { field: shortened(path.join('.')), message: ruleInWords(error) };
}

function ruleInWords({ instancePath, keyword, params, message, parentSchema }: AjvError): string {
  switch (keyword) {
    case 'required':
      return 'is required';
    case 'additionalProperties':
      return 'is not a known field';
    case 'type':
      return `must be ${instancePath === '' ? 'a JSON ' : ''}${[params.type].flat().join(' or ')}`;
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`;
    case 'pattern':
      return parentSchema?.[RULE_KEYWORD] ?? 'does not have the right form';
    case 'not':
      return `must not be ${parentSchema?.not?.enum?.join(' or ')}`;
    case 'x-same-as':
      return 'must equal its other name when both are given';
    default:
      return message ?? 'is not valid';
  }
}

/** What a notice names may be no Unicode; an answer always is. */
function shortened(text: string): string {
  const beginning = firstCharacters(text, REPEATED_MAX).replaceAll(/\p{Cs}/gu, '\ufffd');
  return text.length > beginning.length ? `${beginning}…` : beginning;
}
