import type { Answer, Service } from './service.js';

/** Runs whole checkouts, four at a time, until told to stop, and collects every answer that was not a success. */
export function keepSelling(service: Service, productId: number) {
  let isStopped = false;
  let sold = 0;
  const failures: Answer[] = [];
  const expectStatus = (answer: Answer, status: number): Answer => {
    if (answer.status !== status) failures.push(answer);
    return answer;
  };
  const buyer = async (): Promise<void> => {
    while (!isStopped) {
      const hold = expectStatus(await service.call('POST', '/api/holds', { product_id: productId, quantity: 1 }), 201);
      const order = expectStatus(await service.call('POST', '/api/orders', { hold_id: hold.body.hold_id }), 201);
      const notice = {
        order_id: order.body.order_id,
        status: 'success',
        transaction_id: `txn-${String(order.body.order_id)}`,
      };
      expectStatus(await service.call('POST', '/api/payments/webhook', notice), 200);
      sold++;
    }
  };
  const buyers = Promise.all([1, 2, 3, 4].map(buyer));
  return {
    get sold() {
      return sold;
    },
    stop: async () => {
      isStopped = true;
      await buyers;
      return failures;
    },
  };
}
