import { type DtoClass, type JsonSchema, PARENT_KEYWORD, schemaOf } from '../http/json-schema.js';
import { EventDto } from './dto/event.dto.js';
import { EVENT_TYPES } from './events.types.js';

/** A kind of things that events tell of: the first word of their types. */
export interface ToldThing {
  readonly kind: 'customer' | 'order' | 'product' | 'refund' | 'sale';
  /** What such an event shows. */
  readonly data: DtoClass;
}

/** What an event tells of: a payment that failed is an attempt at one, of which its order tells. */
function kindOf(type: string): string {
  const [kind] = type.split('.');
  return kind === 'payment' ? 'order' : kind!;
}

/** What the OpenAPI document says of events that are sent to the shop's endpoints. */
export interface EventWebhooks {
  /** The call that an event is, by the kind of what it tells of. */
  readonly pathItems: Readonly<Record<string, JsonSchema>>;
  /** Where the call of each type stands. */
  readonly webhooks: Readonly<Record<string, { readonly $ref: string }>>;
}

export function eventWebhooks(things: readonly ToldThing[]): EventWebhooks {
  return {
    pathItems: Object.fromEntries(
      things.map(({ kind, data }) => [
        `${kind}Event`,
        callOf(
          kind,
          data,
          EVENT_TYPES.filter((type) => kindOf(type) === kind),
        ),
      ]),
    ),
    webhooks: Object.fromEntries(
      EVENT_TYPES.map((type) => [type, { $ref: `#/components/pathItems/${kindOf(type)}Event` }]),
    ),
  };
}

function callOf(kind: string, data: DtoClass, types: readonly string[]): JsonSchema {
  const schema = {
    title: `${kind[0]!.toUpperCase()}${kind.slice(1)}EventDto`,
    [PARENT_KEYWORD]: schemaOf(EventDto),
    type: 'object',
    properties: { type: { type: 'string', enum: types }, data: schemaOf(data) },
  };
  return {
    post: {
      operationId: `${kind}Event`,
      summary: `Tells the shop of one of its ${kind}s, as Standard Webhooks says`,
      tags: ['events'],
      security: [],
      requestBody: { required: true, content: { 'application/json': { schema } } },
      responses: { '2XX': { description: 'The shop has it; all else is sent again' } },
    },
  };
}
