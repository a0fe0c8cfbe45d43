import { validate } from 'class-validator';

/**
 * What a command was given, held to the rules that the API has for it.
 *
 * @throws Error that says in words what is wrong
 */
export async function validated<Dto extends object>(dto: new () => Dto, given: Partial<Dto>): Promise<Dto> {
  const wanted = Object.assign(new dto(), given);
  const errors = await validate(wanted);
  if (errors.length === 0) return wanted;
  const rules = errors.flatMap(({ property, constraints }) =>
    Object.values(constraints ?? {}).map((rule) => (rule.startsWith(property) ? rule : `${property} ${rule}`)),
  );
  throw new Error(rules.join('; '));
}
