import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { problemDocument, PROBLEMS } from './problem.js';

const { status } = PROBLEMS.VALIDATION_FAILED;
const DOCUMENT = JSON.stringify(
  problemDocument('VALIDATION_FAILED', 'The request could not be read: the URL or the headers are malformed.', {
    errors: [],
  }),
);

/** Answers to what Fastify refuses before it looks for a route, where the filter does not reach. */
export const UNREADABLE_REQUESTS = {
  /** A URL that can't be decoded, or a part of it that is longer than any id. */
  frameworkErrors(_error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
    void reply.code(status).header('content-type', 'application/problem+json').send(DOCUMENT);
  },

  /** Bytes that are no HTTP: there is no request, so the answer is written as it goes over the wire. */
  clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const head = `HTTP/1.1 ${status} Bad Request\r\nContent-Length: ${Buffer.byteLength(DOCUMENT)}\r\n`;
    socket.end(`${head}Content-Type: application/problem+json\r\nConnection: close\r\n\r\n${DOCUMENT}`);
  },
};
