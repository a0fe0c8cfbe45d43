import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MONEY_PATTERN } from '../../common/money.js';
import type { ProblemFilter } from '../../http/problem.filter.js';
import { answerProblem } from '../../http/problem-answer.js';
import { PAGES, type SimulatedAccount } from './simulated-account.js';
import { fieldsOf } from '../notice-fields.js';
import { pageOf, policyOf, unknownPage } from './simulated-page.js';
import { SIMULATED_ACTIONS, type SimulatedAction, type SimulatedPayment } from './simulated-payment.js';
import { idOfSecret } from './simulated.provider.js';

/** Far more than a form has. */
const BODY_BYTES_MAX = 4096;

const HIDDEN = { schema: { hide: true }, bodyLimit: BODY_BYTES_MAX };

type PageCall = FastifyRequest<{ Params: { id: string }; Body: unknown }>;

/** The pages of the simulated provider, and the call by which a form of the shop's own pays; nothing where it is not there. */
export async function serveSimulatedPayments(
  fastify: FastifyInstance,
  { account, problems }: { account: SimulatedAccount; problems: ProblemFilter },
): Promise<void> {
  if (!account.isOn) return;
  await fastify.register((scope, _options, done) => {
    scope.setErrorHandler((error, request, reply) => problems.answer(error, request, reply));
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, parsed) =>
      parsed(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    scope.get(`${PAGES}/:id`, HIDDEN, ({ params: { id } }: PageCall, reply) => showPage(account, id, reply));
    scope.post(`${PAGES}/:id`, HIDDEN, (request: PageCall, reply) => takeForm(account, request, reply));
    scope.post(`${PAGES}/confirm`, HIDDEN, ({ body }, reply) => confirm(account, body, reply));
    done();
  });
}

async function showPage(account: SimulatedAccount, id: string, reply: FastifyReply): Promise<FastifyReply> {
  const payment = await account.find(id);
  if (payment === null) return send(reply.code(404), { returnUrl: null }, unknownPage());
  return send(reply, payment, pageOf(payment, await account.findRefunds(payment)));
}

function send(reply: FastifyReply, about: Pick<SimulatedPayment, 'returnUrl'>, html: string): FastifyReply {
  return reply
    .headers({
      'content-security-policy': policyOf(about),
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    })
    .type('text/html; charset=utf-8')
    .send(html);
}

/** After each form the buyer is led on: back to the shop once nothing is left to do here, else to the page as it is now. */
async function takeForm(account: SimulatedAccount, { params, body }: PageCall, reply: FastifyReply) {
  const { id } = params;
  const { action, amount = '' } = fieldsOf(body);
  const here = `${PAGES}/${encodeURIComponent(id)}`;
  if (action === 'give_back') {
    if (MONEY_PATTERN.test(String(amount))) await account.giveBack(id, String(amount));
    return reply.redirect(here, 303);
  }
  const payment = isAction(action) ? await account.act(id, action) : null;
  const isDone = payment !== null && !payment.isDisputed && (payment.state === 'succeeded' || payment.isLate);
  const leads = isDone ? payment.returnUrl : null;
  return reply.redirect(leads ?? here, 303);
}

/** What a real provider's script does with a client_secret. */
async function confirm(account: SimulatedAccount, body: unknown, reply: FastifyReply): Promise<void> {
  const { client_secret: secret, action } = fieldsOf(body);
  const id = typeof secret === 'string' ? idOfSecret(secret) : null;
  if (id === null || !isAction(action)) {
    const detail = `The body needs a client_secret, and an action: one of ${SIMULATED_ACTIONS.join(', ')}.`;
    return answerProblem(reply, { code: 'VALIDATION_FAILED', detail, extensions: { errors: [] } });
  }
  const payment = await account.act(id, action);
  if (payment === null) return answerProblem(reply, { code: 'ROUTE_NOT_FOUND', detail: 'There is no such payment.' });
  void reply.send({ id: payment.id, state: payment.state });
}

function isAction(action: unknown): action is SimulatedAction {
  return (SIMULATED_ACTIONS as readonly unknown[]).includes(action);
}
