import { registerDecorator, type ValidationArguments } from 'class-validator';

/** JSON Schema keyword that carries {@link SameAs} into the compiled route schema. */
export const SAME_AS_KEYWORD = 'x-same-as';

/** Name under which class-validator knows the rule, and by which the schema conversion finds it. */
export const SAME_AS_RULE = 'sameAs';

/** The property must equal its `other` name when both are given. */
export function SameAs(other: string): PropertyDecorator {
  return (target, propertyName) => {
    registerDecorator({
      name: SAME_AS_RULE,
      target: target.constructor,
      propertyName: propertyName as string,
      constraints: [other],
      validator: {
        validate: (value: unknown, args?: ValidationArguments) => {
          const otherValue = (args?.object as Record<string, unknown>)[other];
          return isSameOrAbsent(value, otherValue);
        },
        defaultMessage: () => `must equal ${other} when both are given`,
      },
    });
  };
}

export function isSameOrAbsent(value: unknown, other: unknown): boolean {
  return value === undefined || other === undefined || value === other;
}
