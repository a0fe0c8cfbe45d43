import { Controller, Get } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Endpoint } from '../http/endpoint.decorator.js';
import { DOCUMENTED_AS_INTEGER, DOCUMENTED_KEYWORD, type JsonSchema, RULE_KEYWORD } from '../http/json-schema.js';
import { EventFeedDto, toEventFeedDto } from './dto/event.dto.js';
import { EventFeed } from './event-feed.js';
import { EVENT_TYPES, type EventType } from './events.types.js';

const LIMIT_DEFAULT = 100;
const ONE_TYPE = `(${EVENT_TYPES.map((type) => type.replace('.', '[.]')).join('|')})`;

const FEED_QUERY: Readonly<Record<string, JsonSchema>> = {
  after: {
    type: 'string',
    pattern: '^(0|[1-9][0-9]{0,14})$',
    [RULE_KEYWORD]: 'must be a whole number from 0, without leading zeros',
    [DOCUMENTED_KEYWORD]: { ...DOCUMENTED_AS_INTEGER, minimum: 0, maximum: 999_999_999_999_999 },
    description: '`last_sequence` of the answer before; left out: from the oldest event that is kept',
  },
  types: {
    type: 'string',
    pattern: `^${ONE_TYPE}(,${ONE_TYPE})*$`,
    [RULE_KEYWORD]: `must be types of events, separated by commas: ${EVENT_TYPES.join(', ')}`,
    [DOCUMENTED_KEYWORD]: { pattern: null, [RULE_KEYWORD]: null },
    description: 'Only events of these types, separated by commas',
  },
  limit: {
    type: 'string',
    pattern: '^([1-9][0-9]{0,2}|1000)$',
    [RULE_KEYWORD]: 'must be a whole number from 1 to 1000',
    [DOCUMENTED_KEYWORD]: { ...DOCUMENTED_AS_INTEGER, minimum: 1, maximum: 1000, default: LIMIT_DEFAULT },
    description: 'Events an answer',
  },
  wait: {
    type: 'string',
    pattern: '^([12]?[0-9]|30)$',
    [RULE_KEYWORD]: 'must be a whole number from 0 to 30',
    [DOCUMENTED_KEYWORD]: { ...DOCUMENTED_AS_INTEGER, minimum: 0, maximum: 30, default: 0 },
    description: 'Seconds that an answer without events may wait for one',
  },
};

type FeedCall = FastifyRequest<{
  Querystring: { after?: string; types?: string; limit?: string; wait?: string };
}>;

@Controller('api/admin/events')
export class EventsAdminController {
  constructor(private readonly feed: EventFeed) {}

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'readEvents',
    summary: 'Read what happened, in its order',
    description: 'Read on after `last_sequence`: none is skipped.',
    query: FEED_QUERY,
    success: { 200: { description: 'The next events, oldest first', dto: EventFeedDto } },
    errors: ['EVENTS_GONE'],
    scope: 'events',
  })
  async read({ query, raw }: FeedCall, reply: FastifyReply): Promise<EventFeedDto> {
    const { after, types, limit, wait } = query;
    const page = await this.feed.read({
      after: after === undefined ? null : Number(after),
      types: types === undefined ? null : (types.split(',') as EventType[]),
      limit: Number(limit ?? LIMIT_DEFAULT),
      waitMs: Number(wait ?? 0) * 1000,
      isGone: () => raw.destroyed || reply.raw.destroyed,
    });
    return toEventFeedDto(page);
  }
}
