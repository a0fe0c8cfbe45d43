import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerProblem } from '../common/problem-answer.js';
import type { Config } from '../config/config.js';
import type { JobQueues } from '../queue/job-queues.js';
import { isAdmin } from './admin-gate.js';

const PATH = '/admin/queues';

/**
 * The board of the job queues, where failed jobs are looked at and retried. It is for browsers too: they are asked for
 * a user, which may be any, and a password, which is the admin token.
 */
export async function serveQueueBoard(fastify: FastifyInstance, queues: JobQueues, config: Config): Promise<void> {
  const adapter = new FastifyAdapter();
  adapter.setBasePath(PATH);
  createBullBoard({
    queues: [...queues.all.values()].map((queue) => new BullMQAdapter(queue)),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Flash-sale checkout' } },
  });
  // The board's own answer to an error is its stack.
  adapter.setErrorHandler(() => ({ status: 500, body: { error: 'Redis does not answer.' } }));
  await fastify.register(async (scope) => {
    scope.addHook('onRequest', (request, reply, done) => {
      if (!isLetIn(request, config.adminToken)) return refuse(reply);
      void reply.removeHeader('content-security-policy');
      done();
    });
    await scope.register(adapter.registerPlugin(), { prefix: PATH });
  });
}

function isLetIn({ headers: { authorization = '' } }: FastifyRequest, token: string): boolean {
  const [scheme, credentials = ''] = authorization.split(' ');
  if (scheme !== 'Basic') return isAdmin(authorization, token);
  const [, password = ''] = /^[^:]*:([^]*)$/.exec(Buffer.from(credentials, 'base64').toString()) ?? [];
  return isAdmin(`Bearer ${password}`, token);
}

function refuse(reply: FastifyReply): void {
  void reply.header('www-authenticate', 'Basic realm="queues", charset="UTF-8"');
  answerProblem(reply, {
    code: 'UNAUTHORIZED',
    detail: 'Send the admin token as Bearer token, or as the password of any user.',
  });
}
