import { registerDecorator } from 'class-validator';

/** Name under which class-validator knows the rule, and by which the schema conversion finds it. */
export const DESCRIBED_RULE = 'described';

type Schema = Record<string, unknown>;

/**
 * Gives a property of an answer the schema that class-validator has no rule for: a value that may be null, or
 * another DTO. Only for what the service sends; bodies that it takes state real rules.
 */
export function Described(schema: () => Schema): PropertyDecorator {
  return (target, propertyName) => {
    registerDecorator({
      name: DESCRIBED_RULE,
      target: target.constructor,
      propertyName: propertyName as string,
      constraints: [schema],
      validator: { validate: () => true },
    });
  };
}
