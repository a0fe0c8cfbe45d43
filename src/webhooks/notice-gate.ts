import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Throttle } from '../common/throttle.js';
import { CONFIG, type Config } from '../config/config.js';
import { gateBeforeValidation } from '../http/gates.js';
import { logFieldsOf } from '../http/http-tracing.js';
import { GENERIC } from '../payment-providers/generic.provider.js';
import type { PaymentProvider, RawNotice } from '../payment-providers/payment-provider.js';
import { PaymentProviders } from '../payment-providers/payment-providers.js';
import { NoticeCounts } from './notice-counts.js';
import { SignatureInvalidError, UnknownProviderError } from './webhooks.errors.js';

const WARNING_INTERVAL_MS = 60_000;

/** A request to a route that takes notices. */
export type NoticeRequest = FastifyRequest & Pick<RawNotice, 'rawBody'>;

/** Who is let through to the routes of payment notices: whoever signed with one of the secrets of that provider. */
@Injectable()
export class NoticeGate {
  private readonly logger = new Logger('Notices');
  private readonly forgeries = new Throttle(WARNING_INTERVAL_MS);

  constructor(
    private readonly providers: PaymentProviders,
    private readonly counts: NoticeCounts,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The provider whose route was called; the generic one has a route, and a schema, of its own. */
  providerOf(request: FastifyRequest): PaymentProvider {
    const { provider: name } = request.params as { provider?: string };
    const provider = this.providers.find(name ?? GENERIC);
    if (provider === undefined || name === GENERIC) throw new UnknownProviderError(name ?? '');
    return provider;
  }

  /**
   * A provider without a secret of its own is off, but for a start on this machine alone where none has one: there
   * every notice counts as authentic.
   *
   * @throws UnknownProviderError, SignatureInvalidError
   */
  admit(request: NoticeRequest): void {
    const provider = this.providerOf(request);
    if (this.config.takesUnsignedNotices) return;
    const { headers, body, rawBody = '' } = request;
    const nowSeconds = Math.floor(Date.now() / 1000);
    if (provider.isAuthentic({ headers, body, rawBody }, nowSeconds)) return;
    this.counts.add('not_authentic');
    this.warn(provider, request);
    throw new SignatureInvalidError();
  }

  /** One line for many, or a stranger could fill the disk with them; how many there are is counted above. */
  private warn({ name, secrets }: PaymentProvider, request: FastifyRequest): void {
    const others = this.forgeries.pass();
    if (others === null) return;
    const why = secrets.length === 0 ? 'its provider has no secret' : 'it is not authentic';
    this.logger.warn({ provider: name, ...logFieldsOf(request), others }, `A payment notice was refused: ${why}`);
  }
}

/** Before the validation of the body: whoever is not authentic learns nothing of what is valid. */
export function refuseForgedNotices(fastify: FastifyInstance, gate: NoticeGate): void {
  fastify.addHook('onRoute', (route) => {
    if (route.config?.rules?.takesNotices !== true) return;
    gateBeforeValidation(route, (request, _reply, done) => {
      try {
        gate.admit(request as NoticeRequest);
        done();
      } catch (error) {
        done(error as Error);
      }
    });
  });
}
