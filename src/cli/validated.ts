import { validate, type ValidationError } from 'class-validator';
import type { FieldError } from '../common/problem.js';

/** What is wrong with what was given, by the rules that the API has for it: one thing a field. It knows no other fields. */
export async function faultsOf<Dto extends object>(dto: new () => Dto, given: Partial<Dto>): Promise<FieldError[]> {
  const errors = await validate(Object.assign(new dto(), given), { whitelist: true, forbidNonWhitelisted: true });
  return errors.map(toFault);
}

/** Of what kind a value is comes before how large or how long it may be. */
const FIRST = ['whitelistValidation', 'isString', 'isInt', 'isBoolean', 'matches'];

function toFault({ property: field, value, constraints = {} }: ValidationError): FieldError {
  const rule = FIRST.find((name) => name in constraints) ?? Object.keys(constraints)[0]!;
  if (rule === 'whitelistValidation') return { field, message: 'is not known' };
  if (value === undefined) return { field, message: 'is needed' };
  const said = constraints[rule]!;
  return { field, message: said.startsWith(`${field} `) ? said.slice(field.length + 1) : said };
}

/**
 * What a command was given, held to the rules that the API has for it.
 *
 * @throws Error that says in words what is wrong
 */
export async function validated<Dto extends object>(dto: new () => Dto, given: Partial<Dto>): Promise<Dto> {
  const faults = await faultsOf(dto, given);
  if (faults.length === 0) return Object.assign(new dto(), given);
  throw new Error(faults.map(({ field, message }) => `${field} ${message}`).join('; '));
}
