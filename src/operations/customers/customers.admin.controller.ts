import { Controller, Delete } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { actOf } from '../../access/operator.js';
import { CUSTOMER_ID, CUSTOMER_ID_RULE } from '../../common/customer-id.js';
import { Endpoint } from '../../http/endpoint.decorator.js';
import { type JsonSchema, RULE_KEYWORD } from '../../http/json-schema.js';
import { Erasure } from './erasure.js';

const ID_PARAM: JsonSchema = {
  type: 'string',
  pattern: CUSTOMER_ID.source,
  [RULE_KEYWORD]: CUSTOMER_ID_RULE,
  description: 'The shop’s name of the customer',
};

@Controller('api/admin/customers')
export class CustomersAdminController {
  constructor(private readonly erasure: Erasure) {}

  @Delete(':customer_id')
  @Endpoint({
    tag: 'admin',
    operationId: 'eraseCustomer',
    summary: 'Forget a customer',
    description: 'The name is replaced by a random one wherever it stands; figures stay. Repeat it after a failure.',
    params: { customer_id: ID_PARAM },
    success: { 204: { description: 'Nothing names the customer any more' } },
    errors: ['CUSTOMER_IS_ACTIVE'],
    scope: 'customers',
  })
  erase(request: FastifyRequest<{ Params: { customer_id: string } }>): Promise<void> {
    return this.erasure.eraseCustomer(actOf(request), request.params.customer_id);
  }
}
