import type { components } from './openapi.js';

/** A problem document (RFC 9457), by its `code`: once that is known, so are the members that it alone has. */
export type Problem = components['schemas']['Problem'];

export type ProblemCode = Problem['code'];

/** The problem documents with this code. */
export type ProblemOf<Code extends ProblemCode> = Problem & { code: Code };

/** The service said no. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly problem: Problem,
    /** For its status and headers, such as `retry-after`; the body is read already. */
    readonly response: Response,
  ) {
    super(`${problem.code}: ${problem.detail}`);
  }
}

/** An error came that is no problem document: not the service answered, but something in between. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';

  constructor(readonly response: Response) {
    super(`${response.url || 'The service'} answered ${response.status} without a problem document`);
  }
}

/** Whether an error is the service's no, for this reason. */
export function isProblem<Code extends ProblemCode>(
  error: unknown,
  code: Code,
): error is ProblemError & { readonly problem: ProblemOf<Code> } {
  return error instanceof ProblemError && error.problem.code === code;
}

interface Answer {
  readonly data?: unknown;
  readonly error?: Problem;
  readonly response: Response;
}

/** What a call answers that is not refused; nothing where it has no body. */
type DataOf<A extends Answer> = Extract<A, { error?: never }>['data'];

/** What was asked for. @throws ProblemError where the service said no. */
export async function orThrow<A extends Answer>(
  answer: Promise<A>,
): Promise<[DataOf<A>] extends [never] ? undefined : DataOf<A>> {
  const { data, error, response } = await answer;
  if (error !== undefined) throw new ProblemError(error, response);
  return data as Awaited<ReturnType<typeof orThrow<A>>>;
}

/** @throws UnexpectedAnswerError where an error is none of the service's. */
export function refuseStrangeAnswers(response: Response): void {
  if (response.status < 400) return;
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  if (!isProblem) throw new UnexpectedAnswerError(response);
}
