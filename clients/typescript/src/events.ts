import type { webhooks } from './openapi.js';

/** What can happen: each is a webhook of the document. */
export type EventType = keyof webhooks;

interface Telling<Event> {
  post: { requestBody: { content: { 'application/json': Event } } };
}

type Told = {
  [Type in EventType]: webhooks[Type] extends Telling<infer Event> ? Event & { type: Type } : never;
};

/** The events of one type, or of a few. */
export type EventOf<Type extends EventType> = Told[Type];

/** What the service tells of, in its feed and to endpoints of the shop: by its `type` it is known what `data` is. */
export type ShopEvent = Told[EventType];
