import { createHmac, randomUUID } from 'node:crypto';
import type { Config } from '../config/config.js';
import { standardSecret } from '../payment-providers/signatures.js';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Calls the service as a shop and a payment provider would. */
export class SaleClient {
  constructor(
    readonly url: string,
    private readonly config: Pick<Config, 'adminToken' | 'webhookSecrets'>,
  ) {}

  createProduct(product: { name: string; price: string; stock_total: number }): Promise<Answer> {
    return this.post('/api/admin/products', product, { authorization: `Bearer ${this.config.adminToken}` });
  }

  getProduct(id: number): Promise<Answer> {
    return this.call(`/api/products/${id}`, {});
  }

  createHold(productId: number, quantity: number): Promise<Answer> {
    return this.post('/api/holds', { product_id: productId, quantity });
  }

  createOrder(holdId: string): Promise<Answer> {
    return this.post('/api/orders', { hold_id: holdId });
  }

  /** Sends a payment notice, signed by the Standard Webhooks scheme when the service has a secret. */
  notify(notice: { order_id: number; status: string; transaction_id: string }): Promise<Answer> {
    const key = this.config.webhookSecrets.map(standardSecret).find((bytes) => bytes !== null);
    const body = JSON.stringify(notice);
    return this.post('/api/payments/webhook', notice, key === undefined ? {} : signature(key, body));
  }

  private post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  private async call(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
}

function signature(key: Buffer, body: string): Record<string, string> {
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const digest = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${digest}` };
}
