import type { FastifyInstance } from 'fastify';

/**
 * What a request passes on its way to its method, in this order, and why there. Fastify runs hooks of one kind in the
 * order in which they were added, so this list is the one place that decides it.
 */
const PIPELINE = {
  clientAddress: 'the address of the client is set right before anything goes by it',
  spans: 'what is refused further down is traced like the rest',
  figures: 'what is refused further down is timed and counted like the rest',
  head: 'a refusal has the headers of every answer, too; a request without one clear host goes no further',
  bodies: 'limits and parsers, for the routes that are declared below',
  crossOrigin: 'browsers ask before they send, and show a page of another origin no refusal without these headers',
  room: 'an instance that leaves, or has no room, says so to everybody, with the headers of every answer',
  strangers: 'operators are told from strangers before a byte of the body is read; they are not limited',
  forgedNotices: 'a signature covers the body, so after it was read, and before anything is said of its fields',
  lane: 'from a valid request straight to its method',
  knownRoutes: 'sees all routes that are declared below, to tell a wrong method from a wrong path',
  expectations: 'asked by Node before there is a request, so it has no place among the hooks',
  shops: 'who has an API key has a limit of its own, so a key is looked at before clients are counted',
  rateLimit: 'a route that is limited counts its clients before it reads their bodies',
  callers: 'to verify a token costs something, so who sends one is counted before',
  documents: 'the documentation, of the routes that are declared above and below',
  pages: 'the storefront and the console, with headers of their own, after what the documentation lists',
  simulatedPayments: 'pages of a provider that moves no money, which have headers of their own',
  queueBoard: 'pages of a package of its own, which bring gates and headers of their own',
} as const;

type Step = keyof typeof PIPELINE;

/** Lays what each step is made of, in the order of {@link PIPELINE}. */
export async function layPipeline(
  fastify: FastifyInstance,
  steps: Readonly<Record<Step, (fastify: FastifyInstance) => unknown>>,
): Promise<void> {
  for (const step of Object.keys(PIPELINE) as Step[]) await steps[step](fastify);
}
