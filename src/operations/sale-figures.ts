import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { EndpointsService } from '../deliveries/endpoints.service.js';
import { EventsService } from '../events/events.service.js';
import { Releasing } from '../holds/releasing/releasing.js';
import { Cancelling } from '../orders/settling/cancelling.js';
import { ProductsService } from '../products/products.service.js';
import type { ProductRow } from '../products/products.types.js';
import { RefundsService } from '../refunds/refunds.service.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';

/** What the database says of the sale at one moment. */
export interface SaleFacts {
  /** On sale, the newest ones first. */
  readonly products: readonly ProductRow[];
  readonly holdsOverdueMs: number;
  readonly ordersOverdueMs: number;
  readonly eventsLagMs: number;
  readonly endpointsFailing: number;
  readonly refundsDue: number;
  readonly paymentsInReview: number;
  readonly disputesOpen: number;
}

/** The figures that the metrics and the overview share. */
@Injectable()
export class SaleFigures {
  constructor(
    private readonly products: ProductsService,
    private readonly releasing: Releasing,
    private readonly cancelling: Cancelling,
    private readonly refunds: RefundsService,
    private readonly webhooks: WebhooksService,
    private readonly events: EventsService,
    private readonly endpoints: EndpointsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async ask(): Promise<SaleFacts> {
    const [products, holdsOverdueMs, ordersOverdueMs, eventsLagMs, endpointsFailing, ...money] = await Promise.all([
      this.products.findNewest(this.config.metrics.productsMax),
      this.releasing.findOverdueMs(),
      this.cancelling.findOverdueMs(),
      this.events.findLagMs(),
      this.endpoints.countFailing(),
      this.refunds.countRefundsDue(),
      this.webhooks.countPaymentsInReview(),
      this.refunds.countOpenDisputes(),
    ]);
    const [refundsDue, paymentsInReview, disputesOpen] = money;
    return {
      ...{ products, holdsOverdueMs, ordersOverdueMs: ordersOverdueMs ?? 0, eventsLagMs },
      ...{ endpointsFailing, refundsDue, paymentsInReview, disputesOpen },
    };
  }
}
