import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent } from 'undici';
import { standardHeaders, standardSecret } from '../common/standard-webhooks.js';
import { CONFIG, type Config } from '../config/config.js';
import { eventId, eventText } from '../events/dto/event.dto.js';
import type { EventRow } from '../events/events.types.js';
import { TRACING, type Tracing } from '../tracing/tracing.types.js';
import { addressWritten, publicAddressesOf } from './addresses.js';
import type { Attempt, EndpointRow } from './deliveries.types.js';
import { Exchange, TIMEOUT_MS } from './exchange.js';

/** How long a try takes at most, on a machine that is late. */
export const TRY_MS = TIMEOUT_MS + 1000;

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
      // Each exchange has one clock for all of it; a second one that runs out with it would tell another reason.
      headersTimeout: 0,
      bodyTimeout: 0,
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
    if (tracing === null || !URL.canParse(endpoint.url)) return this.post(endpoint, row);
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

  private post({ url, secret, oldSecret }: Destination, row: EventRow): Promise<Attempt> {
    const body = eventText(row);
    const keys = (oldSecret === null ? [secret] : [secret, oldSecret]).map((one) => standardSecret(one)!);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'flash-sale-checkout',
      ...standardHeaders(keys, eventId(row), body),
    };
    return new Promise((resolve) => {
      const exchange = new Exchange(resolve);
      try {
        const { origin, hostname, pathname, search } = new URL(url);
        addressWritten(hostname, this.isPrivateAllowed);
        this.agent.dispatch({ origin, path: pathname + search, method: 'POST', headers, body }, exchange);
      } catch (error) {
        exchange.onResponseError(null, error as Error);
      }
    });
  }
}
