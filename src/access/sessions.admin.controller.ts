import { Controller, Delete, Get, Inject, Post } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '../config/config.js';
import { isoTime } from '../database/sql.js';
import { Endpoint } from '../http/endpoint.decorator.js';
import { CrossSiteRequestError, UnauthorizedError } from './access.errors.js';
import { SessionDto } from './dto/session.dto.js';
import { actOf, operatorOf } from './operator.js';
import { OperatorSessions } from './operator-sessions.js';
import { clearSession, isOfOwnPage, sessionTokenOf, setSession } from './session-cookie.js';

/**
 * Signing in and out of the console, with any key. They are not in the OpenAPI document: a program has its key and needs no
 * session, and the page that calls them is of the same build.
 */
@Controller('api/admin/session')
export class SessionsAdminController {
  constructor(
    private readonly sessions: OperatorSessions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** A session begins with a key: one that began another would never end. */
  @Post()
  @Endpoint({
    tag: 'admin',
    operationId: 'beginSession',
    summary: 'Sign in at the console',
    description: 'With a key as bearer; the session is a cookie.',
    success: { 201: { description: 'Who is signed in', dto: SessionDto } },
    errors: [],
    scope: 'any',
    isOfPages: true,
  })
  async begin(request: FastifyRequest, reply: FastifyReply): Promise<SessionDto> {
    if (!isOfOwnPage(request)) throw new CrossSiteRequestError();
    if (request.headers.authorization === undefined) throw new UnauthorizedError();
    const { token, expiresAt, seconds } = await this.sessions.begin(actOf(request));
    setSession(request, reply, token, seconds);
    void reply.header('location', '/api/admin/session');
    return this.toDto(request, expiresAt);
  }

  @Get()
  @Endpoint({
    tag: 'admin',
    operationId: 'getSession',
    summary: 'Get who is signed in at the console',
    description: 'What the session may do, and until when.',
    success: { 200: { description: 'Who is signed in', dto: SessionDto } },
    errors: [],
    scope: 'any',
    isOfPages: true,
  })
  async get(request: FastifyRequest): Promise<SessionDto> {
    const signedIn = await this.sessions.find(sessionTokenOf(request) ?? '');
    return this.toDto(request, signedIn?.session.expiresAt ?? null);
  }

  @Delete()
  @Endpoint({
    tag: 'admin',
    operationId: 'endSession',
    summary: 'Sign out of the console',
    description: 'Ends the session everywhere within a second.',
    success: { 204: { description: 'Signed out' } },
    errors: [],
    scope: 'any',
    isOfPages: true,
  })
  async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const signedIn = await this.sessions.find(sessionTokenOf(request) ?? '');
    if (signedIn !== null) await this.sessions.end(actOf(request), signedIn.session);
    clearSession(request, reply);
  }

  private toDto(request: FastifyRequest, expiresAt: string | null): SessionDto {
    const { keyId, name, scopes } = operatorOf(request);
    const { appEnv: environment } = this.config;
    return { key_id: keyId, name, scopes: [...scopes], environment, expires_at: expiresAt && isoTime(expiresAt) };
  }
}
