import { Controller, Get, Post } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { actOf } from '../access/operator.js';
import { Endpoint, type EndpointOptions } from '../http/endpoint.decorator.js';
import { type DtoClass, type JsonSchema, NUMBER_PARAM } from '../http/json-schema.js';
import { ADMIN_PAGE_QUERY, type PageQuery, toPageDto, toPageRequest, statusQuery } from '../http/page.js';
import { FailRefundDto, RefundDto, RefundPageDto, toRefundDto } from './dto/refund.dto.js';
import { RefundsService } from './refunds.service.js';
import { REFUND_STATUSES, type RefundStatus } from './refunds.types.js';

const ID_PARAM: JsonSchema = { ...NUMBER_PARAM, description: 'Number of the refund' };

type ListCall = FastifyRequest<{ Querystring: PageQuery & { status?: RefundStatus } }>;
type RefundCall<Body = unknown> = FastifyRequest<{ Params: { id: string }; Body: Body }>;

/** A call that moves one refund on. */
function transition(
  text: Pick<EndpointOptions, 'operationId' | 'summary' | 'description'>,
  errors: EndpointOptions['errors'],
  body?: DtoClass,
): EndpointOptions {
  return {
    tag: 'admin',
    ...text,
    params: { id: ID_PARAM },
    ...(body === undefined ? { takesAnyBody: true } : { body }),
    success: { 200: { description: 'The refund as it is now', dto: RefundDto } },
    errors: ['REFUND_NOT_FOUND', ...errors],
    scope: 'refunds',
  };
}

/** Money that is owed back. A call that asks for the state a refund is in already answers with the refund. */
@Controller('api/admin/refunds')
export class RefundsAdminController {
  constructor(private readonly refunds: RefundsService) {}

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'listRefunds',
    summary: 'List the refunds, in pages',
    description: "Money that is owed back, or was, in the order of the refunds' numbers.",
    query: {
      ...statusQuery(REFUND_STATUSES),
      ...ADMIN_PAGE_QUERY,
    },
    success: { 200: { description: 'A page of refunds', dto: RefundPageDto } },
    errors: [],
    scope: 'refunds',
  })
  async list({ query }: ListCall): Promise<RefundPageDto> {
    return toPageDto(await this.refunds.listRefunds(query.status ?? null, toPageRequest(query)), toRefundDto);
  }

  @Post(':id/send')
  @Endpoint(
    transition(
      {
        operationId: 'sendRefund',
        summary: "Send a refund through its provider's API",
        description: 'The provider is asked first whether it has sent it already, so that money goes back once.',
      },
      ['REFUND_STATUS_CONFLICT', 'REFUND_NOT_SENDABLE'],
    ),
  )
  async send(request: RefundCall): Promise<RefundDto> {
    return toRefundDto(await this.refunds.sendRefund(actOf(request), Number(request.params.id)));
  }

  @Post(':id/mark-sent')
  @Endpoint(
    transition(
      {
        operationId: 'markRefundSent',
        summary: 'Note that a refund was sent by other means',
        description: 'Moves no money: for a bank transfer, or a refund in the dashboard of a provider.',
      },
      ['REFUND_STATUS_CONFLICT'],
    ),
  )
  async markSent(request: RefundCall): Promise<RefundDto> {
    return toRefundDto(await this.refunds.markRefundSent(actOf(request), Number(request.params.id)));
  }

  @Post(':id/confirm')
  @Endpoint(
    transition(
      {
        operationId: 'confirmRefund',
        summary: 'Note that the buyer has the money',
        description: 'Stripe tells so by itself; for all else somebody looks.',
      },
      [],
    ),
  )
  async confirm(request: RefundCall): Promise<RefundDto> {
    return toRefundDto(await this.refunds.confirmRefund(actOf(request), Number(request.params.id)));
  }

  @Post(':id/fail')
  @Endpoint(
    transition(
      {
        operationId: 'failRefund',
        summary: 'Note that a refund did not arrive, and why',
        description: 'The money is owed again, and the refund can be sent once more.',
      },
      [],
      FailRefundDto,
    ),
  )
  async fail(request: RefundCall<FailRefundDto>): Promise<RefundDto> {
    const { params, body } = request;
    return toRefundDto(await this.refunds.failRefund(actOf(request), Number(params.id), body.reason));
  }
}
