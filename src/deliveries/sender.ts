import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { firstCharacters } from '../common/first-characters.js';
import { CONFIG, type Config } from '../config/config.js';
import { toEventDto } from '../events/dto/event.dto.js';
import type { EventRow } from '../events/events.types.js';
import { TRACING, type Tracing } from '../tracing/tracing.types.js';
import { publicAddressesOf } from './addresses.js';
import type { Attempt, EndpointRow } from './deliveries.types.js';

/** For all of it: the name, the connection, the answer and what of it is read. */
const TIMEOUT_MS = 10_000;

/** How long a try takes at most, on a machine that is late. */
export const TRY_MS = TIMEOUT_MS + 1000;

/** Bytes of an answer that are read, and kept; who sends more is not listened to. */
const ANSWER_BYTES = 1024;

const REASON_MAX = 255;

type Destination = Pick<EndpointRow, 'url' | 'secret' | 'oldSecret'>;

/** Sends events to endpoints, signed as Standard Webhooks says. It follows no redirect, and connects to no address that it has not checked. */
@Injectable()
export class Sender implements OnApplicationShutdown {
  private readonly agent: Agent;
  private readonly isPrivateAllowed: boolean;

  constructor(
    @Inject(CONFIG) { deliveries }: Config,
    @Inject(TRACING) private readonly tracing: Tracing | null,
  ) {
    this.isPrivateAllowed = deliveries.isPrivateAllowed;
    this.agent = new Agent({
      connections: 16,
      connect: {
        timeout: TIMEOUT_MS,
        lookup: (host, { all }, done) => {
          publicAddressesOf(host, this.isPrivateAllowed).then(
            (found) => (all ? done(null, found) : done(null, found[0]!.address, found[0]!.family)),
            (error: NodeJS.ErrnoException) => done(error, []),
          );
        },
      },
    });
  }

  onApplicationShutdown(): Promise<void> {
    return this.agent.destroy();
  }

  /** @throws AddressRefusedError where the address leads to a network that is not public, as of now. */
  async check(url: string): Promise<void> {
    await publicAddressesOf(new URL(url).hostname, this.isPrivateAllowed);
  }

  /** Sends one event, once. Every failure is an answer. */
  send(endpoint: Destination, row: EventRow): Promise<Attempt> {
    const { tracing } = this;
    if (tracing === null) return this.post(endpoint, row);
    // The path may have a secret of the shop's in it.
    const { hostname, port, protocol } = new URL(endpoint.url);
    const attributes = {
      'http.request.method': 'POST',
      'url.scheme': protocol.slice(0, -1),
      'server.address': hostname,
      'server.port': Number(port || (protocol === 'http:' ? 80 : 443)),
    };
    return tracing.during('POST', { kind: 'client', attributes }, async (span) => {
      const attempt = await this.post(endpoint, row);
      if (attempt.answerStatus !== null) span.setAttribute('http.response.status_code', attempt.answerStatus);
      if (attempt.reason !== null) span.setAttribute('error.type', String(attempt.answerStatus ?? 'unanswered'));
      return attempt;
    });
  }

  private async post({ url, secret, oldSecret }: Destination, row: EventRow): Promise<Attempt> {
    const startedAt = performance.now();
    const told = (answerStatus: number | null, answer: Buffer | null, reason: string | null): Attempt => {
      return { answerStatus, answer, reason, tookMs: Math.round(performance.now() - startedAt) };
    };
    const event = toEventDto(row);
    const { id } = event;
    const body = JSON.stringify(event);
    const now = new Date();
    const secrets = oldSecret === null ? [secret] : [secret, oldSecret];
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'flash-sale-checkout',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': secrets.map((one) => new Webhook(one).sign(id, now, body)).join(' '),
    };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      // An address that is written as such is asked of no resolver, and so not checked on its way.
      await this.check(url);
      const { statusCode, body: stream } = await request(url, {
        dispatcher: this.agent,
        method: 'POST',
        headers,
        body,
        signal,
        // The signal is for the whole of it; a second clock that runs out with it would tell another reason.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      const isTaken = statusCode >= 200 && statusCode < 300;
      const answer = await beginningOf(stream);
      return told(statusCode, answer, isTaken ? null : `It answered ${statusCode}`);
    } catch (error) {
      return told(null, null, reasonOf(error, signal));
    }
  }
}

/** Its first bytes; the rest is not waited for. What breaks off after the status is an answer all the same. */
async function beginningOf(stream: AsyncIterable<Buffer> & { destroy(): void }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= ANSWER_BYTES) break;
    }
  } catch {
    // What came counts.
  } finally {
    stream.destroy();
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES);
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return `No whole answer within ${TIMEOUT_MS / 1000} seconds`;
  const { message, code } = error as NodeJS.ErrnoException;
  return firstCharacters(message || code || 'It could not be reached', REASON_MAX);
}
