import { isDeepStrictEqual } from 'node:util';
import { TIME_PATTERN } from '../../database/sql.js';
import { DATE_TIME, DOCUMENTED_KEYWORD, PARENT_KEYWORD, RULE_KEYWORD } from '../json-schema.js';
import { ANSWER_EXAMPLES } from './openapi-examples.js';
import type { Node } from './said-once.js';

/** Whether callers send it or the service does. */
type Direction = 'asked' | 'answered';

interface ObjectSchema extends Node {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly allOf?: readonly ObjectSchema[];
}

/**
 * The schemas of DTOs by their names in the document. Readers of answers are to let pass what they don't know, since a
 * later version may say more, so an answer is open, and what it has in common with the one that it extends is said there;
 * a body with fields that the service doesn't know is refused, and stands there whole, unless it is another one of which
 * more is required.
 */
export class NamedSchemas {
  readonly byName: Record<string, Node> = {};

  /** Moves the schemas of DTOs in a part of the document to where they have a name, and leaves references. */
  gather<T>(node: T, direction: Direction): T {
    if (Array.isArray(node)) return node.map((child: unknown) => this.gather(child, direction)) as T;
    if (typeof node !== 'object' || node === null) return node;
    const { [PARENT_KEYWORD]: parent, ...own } = node as Node;
    const { title, ...schema }: Node = Object.fromEntries(
      Object.entries(documented(own)).map(([key, child]) => [
        key,
        key.startsWith('example') ? child : this.gather(child, direction),
      ]),
    );
    if (direction === 'answered' && schema.additionalProperties === false) delete schema.additionalProperties;
    const types = [schema.type].flat();
    if (typeof title !== 'string' || !title.endsWith('Dto'))
      return { ...schema, ...(title !== undefined && { title }) } as T;
    const whole = { ...schema, type: types.find((type) => type !== 'null') };
    const isPart = direction === 'answered' || isStricter(parent as ObjectSchema | undefined, own);
    const ofParent = isPart ? (this.gather(parent, direction) as Node | undefined) : undefined;
    const reference = this.named(title.replace(/Dto$/, ''), whole, ofParent);
    return (types.includes('null') ? { anyOf: [reference, { type: 'null' }] } : reference) as T;
  }

  private named(name: string, { description: _description, ...schema }: Node, parent: Node | undefined): Node {
    const example = ANSWER_EXAMPLES[name];
    this.byName[name] ??= {
      ...(parent === undefined ? schema : this.beyond(parent, schema)),
      ...(example !== undefined && { examples: [example] }),
    };
    return { $ref: `#/components/schemas/${name}` };
  }

  /** A schema as what it says beyond its parent; of a stricter body that is what it requires. */
  private beyond(parent: Node, schema: ObjectSchema): Node {
    const own = without(this.propertiesOf(parent), schema);
    const addsNothing = Object.keys(own.properties).length === 0;
    return addsNothing ? { allOf: [parent], required: schema.required } : { allOf: [parent, own] };
  }

  private propertiesOf({ $ref, allOf = [], properties = {} }: ObjectSchema): Readonly<Record<string, unknown>> {
    if (typeof $ref === 'string') return this.propertiesOf(this.byName[$ref.split('/').at(-1)!]!);
    return Object.assign({}, ...allOf.map((part) => this.propertiesOf(part)), properties) as Record<string, unknown>;
  }
}

/** What a schema says beyond the properties of its parent. */
function without(inherited: Readonly<Record<string, unknown>>, schema: ObjectSchema) {
  const { properties = {}, required = [] } = schema;
  const own = Object.entries(properties).filter(([name, property]) => !isDeepStrictEqual(property, inherited[name]));
  const added = required.filter((name) => !(name in inherited));
  return { type: 'object', properties: Object.fromEntries(own), ...(added.length > 0 && { required: added }) };
}

/** Whether a body is the one that it extends with more of it required: then both know the same fields. */
function isStricter(parent: ObjectSchema | undefined, { properties }: ObjectSchema): boolean {
  return parent !== undefined && isDeepStrictEqual(properties, parent.properties);
}

/** A schema as readers are to see it; all else as it is. */
function documented(node: Node): Node {
  const { [DOCUMENTED_KEYWORD]: instead, ...own } = node;
  // A form that readers know by its name.
  const time =
    own.pattern === TIME_PATTERN.source ? { format: DATE_TIME.format, pattern: null, [RULE_KEYWORD]: null } : {};
  const shown = Object.fromEntries(
    Object.entries({ ...own, ...time, ...(instead as Node | undefined) }).filter(([, value]) => value !== null),
  );
  if (![shown.type].flat().includes('integer')) return shown;
  const { maximum = Infinity } = shown as { maximum?: number };
  return { ...shown, format: maximum > 2_147_483_647 ? 'int64' : 'int32' };
}
