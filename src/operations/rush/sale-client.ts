import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLoopback } from '../../common/is-loopback.js';
import { retry, type RetryPolicy } from '../../common/retry.js';
import { standardHeaders, standardSecret } from '../../common/standard-webhooks.js';
import type { Config } from '../../config/config.js';
import type { CreateProductDto } from '../../products/dto/product.dto.js';
import { SIMULATED } from '../../payment-providers/simulated/simulated-events.js';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** What is put on sale; the limit is of one customer. */
type NewProduct = Pick<CreateProductDto, 'name' | 'price' | 'stock_total' | 'max_per_customer'>;

/** How long an answer may take, in milliseconds: what was made so far has to be taken back. */
const ANSWERED_WITHIN_MS = 30_000;

/** How a call that makes something goes on when it was not answered. */
const LOST_ANSWER: RetryPolicy = { triesMax: 3, isTransient: () => true, delayMs: () => 500, sleep };

/**
 * Calls the service as a shop, an operator and a payment provider would. The admin token goes to the service that was
 * named and nowhere else: neither in the clear over a network, nor to where the service redirects.
 */
export class SaleClient {
  readonly url: string;

  /** @throws Error when the address is neither https nor on this machine. */
  constructor(
    url: string,
    private readonly config: Pick<Config, 'adminToken' | 'webhookSecrets' | 'payments'>,
    /** Who buys; null: nobody in particular. */
    private readonly buyerToken: string | null = null,
  ) {
    if (!isPrivateWay(url)) {
      throw new Error(
        `"${url}" is neither https nor http on this machine: the admin token would cross the network in the clear.`,
      );
    }
    this.url = url.replace(/\/+$/, '');
  }

  /** Whether what it holds is a customer's, whom limits count. */
  get hasBuyer(): boolean {
    return this.buyerToken !== null;
  }

  createProduct(product: NewProduct): Promise<Answer> {
    return this.make('/api/admin/products', product, this.asOperator());
  }

  archiveProduct(id: number): Promise<Answer> {
    return this.send('PATCH', `/api/admin/products/${id}`, { archived: true }, this.asOperator());
  }

  getProduct(id: number): Promise<Answer> {
    return this.call(`/api/products/${id}`, { method: 'GET' });
  }

  createHold(productId: number, quantity: number): Promise<Answer> {
    return this.make('/api/holds', { product_id: productId, quantity }, this.asBuyer());
  }

  /** A hold and its order, as the buyer sees them. */
  getHold(id: string): Promise<Answer> {
    return this.call(`/api/holds/${id}`, { method: 'GET', headers: this.asBuyer() });
  }

  getHoldAsStranger(id: string): Promise<Answer> {
    return this.call(`/api/holds/${id}`, { method: 'GET' });
  }

  giveBackHold(id: string): Promise<Answer> {
    return this.call(`/api/holds/${id}`, { method: 'DELETE', headers: this.asBuyer() });
  }

  createOrder(holdId: string): Promise<Answer> {
    return this.make('/api/orders', { hold_id: holdId }, this.asBuyer());
  }

  /** Where buyers are led after the page of the simulated provider; null where there is none, or no way back from it. */
  get simulatedReturnUrl(): string | null {
    const { simulated, returnOrigins } = this.config.payments;
    return simulated.webhookSecrets.length === 0 ? null : (returnOrigins[0] ?? null);
  }

  /** An order whose buyer pays on the page of the simulated provider. */
  createOrderWithPage(holdId: string): Promise<Answer> {
    const payment = { provider: SIMULATED, kind: 'checkout', return_url: this.simulatedReturnUrl };
    return this.make('/api/orders', { hold_id: holdId, payment }, this.asBuyer());
  }

  /**
   * Presses a button of a page of the simulated provider, as a browser would.
   *
   * @returns the status, and where the browser is led.
   */
  async press(page: string, action: string): Promise<Answer> {
    const signal = AbortSignal.timeout(ANSWERED_WITHIN_MS);
    const { pathname } = new URL(page);
    const body = new URLSearchParams({ action });
    const response = await fetch(`${this.url}${pathname}`, { method: 'POST', body, redirect: 'manual', signal });
    return { status: response.status, body: { location: response.headers.get('location') } };
  }

  /** Sends a payment notice, signed by the Standard Webhooks scheme when the service has a secret. */
  notify(notice: { order_id: number; status: string; transaction_id: string }): Promise<Answer> {
    const key = this.config.webhookSecrets.map(standardSecret).find((bytes) => bytes !== null);
    const body = JSON.stringify(notice);
    return this.send(
      'POST',
      '/api/payments/webhook',
      notice,
      key === undefined ? {} : standardHeaders([key], `msg_${randomUUID()}`, body),
    );
  }

  private asBuyer(): Record<string, string> {
    return this.buyerToken === null ? {} : { authorization: `Bearer ${this.buyerToken}` };
  }

  private asOperator(): Record<string, string> {
    return { authorization: `Bearer ${this.config.adminToken}` };
  }

  /**
   * Has something made, once: when its answer is lost the call is sent again with the same key, and answered with what the
   * first one made.
   *
   * @throws Error when no try was answered.
   */
  private make(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    const keyed = { ...headers, 'idempotency-key': randomUUID() };
    return retry(() => this.send('POST', path, body, keyed), LOST_ANSWER);
  }

  private send(
    method: 'POST' | 'PATCH',
    path: string,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const json = { 'content-type': 'application/json', ...headers };
    return this.call(path, { method, body: JSON.stringify(body), headers: json });
  }

  /** @throws Error when no answer came; whether the service has done what it was asked is not known then. */
  private async call(path: string, init: RequestInit): Promise<Answer> {
    try {
      const signal = AbortSignal.timeout(ANSWERED_WITHIN_MS);
      const response = await fetch(`${this.url}${path}`, { ...init, redirect: 'error', signal });
      const text = await response.text();
      return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
    } catch (error) {
      // What fetch throws says only that it failed; why is its cause.
      const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
      throw new Error(`${init.method} ${path}: ${cause?.code ?? cause?.message ?? message}`, { cause: error });
    }
  }
}

/** Whether nobody on the way can read what is sent there. */
function isPrivateWay(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname.replace(/^\[|\]$/g, '')));
}
