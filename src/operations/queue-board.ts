import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ProblemFilter } from '../http/problem.filter.js';
import { headPages } from '../http/request-head.js';
import type { Queues } from '../queue/queues.js';
import { type AdminGate, bearerOf } from '../access/admin-gate.js';

const PATH = '/admin/queues';

/** What its page would load from elsewhere: fonts, without which it is as readable. */
const FOREIGN_TAG = /<link\b[^>]*\bhref="(?:https?:)?\/\/[^>]*>\s*/g;

/**
 * The board of the job queues, where failed jobs are looked at and retried. It is for browsers too: they are asked for
 * a user, which may be any, and a password, which is the admin token.
 */
export async function serveQueueBoard(
  fastify: FastifyInstance,
  { queues, gate, problems }: { queues: Queues; gate: AdminGate; problems: ProblemFilter },
): Promise<void> {
  const adapter = new FastifyAdapter();
  adapter.setBasePath(PATH);
  createBullBoard({
    queues: queues.all.map((queue) => new BullMQAdapter(queue)),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Flash-sale checkout' } },
  });
  // The board's own answer to an error is its stack.
  adapter.setErrorHandler(() => ({ status: 500, body: { error: 'Redis does not answer.' } }));
  await fastify.register(async (scope) => {
    headPages(scope, { hasBase: true, isKept: false });
    scope.addHook('onSend', async (_request, _reply, payload) =>
      typeof payload === 'string' ? payload.replaceAll(FOREIGN_TAG, '') : payload,
    );
    scope.addHook('onRequest', async (request, reply) => {
      if (gate.isAdmin(passwordOf(request))) return undefined;
      void reply.header('www-authenticate', 'Basic realm="queues", charset="UTF-8"');
      // Thrown here, it would be the board's handler that answers.
      problems.answer(await gate.refuse(request, reply, 'queue_board'), request, reply);
      return reply;
    });
    await scope.register(adapter.registerPlugin(), { prefix: PATH });
  });
}

/** A browser sends what was typed as password in a form of its own. */
function passwordOf({ headers: { authorization = '' } }: FastifyRequest): string {
  const [scheme, credentials = ''] = authorization.split(' ');
  if (scheme !== 'Basic') return bearerOf(authorization);
  const [, password = ''] = /^[^:]*:([^]*)$/.exec(Buffer.from(credentials, 'base64').toString()) ?? [];
  return password;
}
