import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { problemDocument, type ProblemCode, PROBLEMS, ValidationError } from '../common/problem.js';
import type { HttpSocket } from './connections.js';
import { answerProblem } from './problem-answer.js';

/** How long a client may take to read why its connection ends; then it ends whether the client agrees or not. */
const LINGER_MS = 1000;

/** What can be wrong with bytes that are no request (yet), by the code of Node's error; all else is malformed. */
const REASONS: Readonly<Record<string, readonly [code: ProblemCode, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'The request did not arrive in time; send it again, all at once.'],
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'The URL and the headers together are longer than 16 KiB.'],
};
const URL_TOO_LONG = ['URI_TOO_LONG', 'The URL is longer than 16 KiB.'] as const;
const MALFORMED = 'The request could not be read: the URL or the headers are malformed.';

const UNREADABLE = ['VALIDATION_FAILED', MALFORMED] as const;

/** A request line alone that is longer than Node's limit for all of the head. */
const ENDLESS_REQUEST_LINE = /^[A-Z-]+ [^\r\n]{16384}/;

/** Connections that are about to end: what else comes on them is one more error, which changes nothing. */
const refused = new WeakSet<Socket>();

/**
 * Answers to what Fastify refuses before it looks for a route, where the filter does not reach.
 *
 * @param count is told of each with its code.
 */
export const unreadableRequests = (count: (code: ProblemCode) => void) => ({
  /** A URL that can't be decoded, or a part of it that is longer than any id. */
  frameworkErrors(_error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
    count('VALIDATION_FAILED');
    answerProblem(reply, new ValidationError(MALFORMED, []));
  },

  /** Bytes that are no HTTP, or stop coming: there is no request, so the answer is written as it goes over the wire. */
  clientErrorHandler(error: NodeJS.ErrnoException, socket: HttpSocket): void {
    // Whoever has left already is no request that could not be read.
    if (refused.has(socket) || socket.destroyed) return;
    refused.add(socket);
    const [code, detail] = isEndlessUrl(error) ? URL_TOO_LONG : (REASONS[error.code ?? ''] ?? UNREADABLE);
    count(code);
    refuseAfterAnswers(socket, code, detail);
  },
});

/**
 * Requests that came whole before the bad bytes are carried out, and answers go out in the order of the requests: this
 * one comes last. Node's own handler looks at the same property to see whether an answer is on its way.
 */
function refuseAfterAnswers(socket: HttpSocket, code: ProblemCode, detail: string): void {
  const answer = socket._httpMessage;
  if (answer?.req.complete === true) answer.once('close', () => refuseAfterAnswers(socket, code, detail));
  else refuse(socket, code, detail, answer?.headersSent === true);
}

/**
 * Ends the connection. Closed at once, with bytes of the client unread, it would be reset, and the client would never
 * see the answer; left to the client, it would stay for as long as the client likes and count against the limit.
 */
function refuse(socket: Socket, code: ProblemCode, detail: string, isAnswered: boolean): void {
  const lingering = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(lingering));
  if (socket.writable) socket.end(isAnswered ? '' : problemOnTheWire(code, detail));
}

function problemOnTheWire(code: ProblemCode, detail: string): string {
  const { status } = PROBLEMS[code];
  const document = JSON.stringify(problemDocument(code, detail, code === 'VALIDATION_FAILED' ? { errors: [] } : {}));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Length: ${Buffer.byteLength(document)}`,
    'Content-Type: application/problem+json',
    'Connection: close',
    '',
    document,
  ].join('\r\n');
}

function isEndlessUrl(error: NodeJS.ErrnoException): boolean {
  // The bytes that could not be parsed, as they came off the wire.
  const { rawPacket } = error as { readonly rawPacket?: Buffer };
  return error.code === 'HPE_HEADER_OVERFLOW' && ENDLESS_REQUEST_LINE.test(rawPacket?.toString('latin1') ?? '');
}

/** Node answers to expectations itself, without a body, unless somebody listens. */
export function refuseExpectations(server: Server, count: (code: ProblemCode) => void): void {
  server.on('checkExpectation', ({ headers }: IncomingMessage, response: ServerResponse) => {
    count('EXPECTATION_FAILED');
    const detail = `"Expect: ${headers.expect}" can not be met.`.slice(0, 200);
    const document = JSON.stringify(problemDocument('EXPECTATION_FAILED', detail));
    response
      .writeHead(PROBLEMS.EXPECTATION_FAILED.status, { 'content-type': 'application/problem+json' })
      .end(document);
  });
}
