import { Controller, Get } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Endpoint } from '../http/endpoint.decorator.js';
import { ADMIN_PAGE_QUERY, type PageQuery, toPageDto, toPageRequest } from '../http/page.js';
import { AuditService } from './audit.service.js';
import { AuditPageDto, toAuditEntryDto } from './dto/audit.dto.js';

@Controller('api/admin/audit')
export class AuditAdminController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'listAuditEntries',
    summary: 'List what operators changed, in pages',
    description: 'Who did what to what, with the fields that differ. What the clock does by itself is not in it.',
    query: ADMIN_PAGE_QUERY,
    success: { 200: { description: 'A page of the audit log', dto: AuditPageDto } },
    errors: [],
    scope: 'audit',
  })
  async list({ query }: FastifyRequest<{ Querystring: PageQuery }>): Promise<AuditPageDto> {
    return toPageDto(await this.audit.listEntries(toPageRequest(query)), toAuditEntryDto);
  }
}
