// Made from docs/openapi.json by `npm run client`.

/** The calls that take an `Idempotency-Key`. */
export const KEYED_CALLS: ReadonlySet<string> = new Set([
    "POST /api/admin/sales",
    "POST /api/admin/products",
    "POST /api/admin/products/{id}/restock",
    "POST /api/holds",
    "POST /api/holds/{hold_id}/extend",
    "POST /api/admin/holds",
    "POST /api/orders",
    "POST /api/admin/orders/{id}/return",
]);

export interface paths {
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The process runs; says nothing of what it depends on
         * @description For whoever restarts processes that hang.
         */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/startup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The service has started; tells what it is
         * @description For whoever waits for a start, and for whoever wants to know which version runs.
         */
        get: operations["getStartup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The service can take requests
         * @description For balancers. Without Redis the service is degraded and still ready.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics in the Prometheus text format
         * @description Of all processes of this instance together. Keep it from the public.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the API keys, in pages
         * @description With when each was last used, to the minute; revoked ones too.
         */
        get: operations["listApiKeys"];
        put?: never;
        /**
         * Make an API key
         * @description The key is shown here and never again. A key can give only scopes that it has itself.
         */
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke an API key
         * @description It ends within a second, in every instance, and for good. Repeated, it changes nothing.
         */
        delete: operations["revokeApiKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what operators changed, in pages
         * @description Who did what to what, with the fields that differ. What the clock does by itself is not in it.
         */
        get: operations["listAuditEntries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what happened, in its order
         * @description Read on after `last_sequence`: none is skipped.
         */
        get: operations["readEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhook-endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the endpoints, in pages
         * @description With since when each takes nothing, and why it was disabled.
         */
        get: operations["listWebhookEndpoints"];
        put?: never;
        /**
         * Have an address of the shop told of events
         * @description It is told of what happens from now on. The secret is shown here and at its rotation alone.
         */
        post: operations["createWebhookEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhook-endpoints/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete an endpoint
         * @description Nothing more is sent to it.
         */
        delete: operations["removeWebhookEndpoint"];
        options?: never;
        head?: never;
        /**
         * Change an endpoint, disable it, or enable it again
         * @description Enabled again it is told of all that it has missed, as far as events are kept.
         */
        patch: operations["changeWebhookEndpoint"];
        trace?: never;
    };
    "/api/admin/webhook-endpoints/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give an endpoint a new secret
         * @description For a day deliveries are signed with the one before, too.
         */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhook-endpoints/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what an endpoint was told, in pages
         * @description With what it answered at the last try.
         */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhook-endpoints/{id}/deliveries/{delivery_id}/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send an event to an endpoint again
         * @description With the `webhook-id` that it had, as if for the first time.
         */
        post: operations["redeliverWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the products, in pages
         * @description Products that are on sale, in the order of their numbers. Follow `next_cursor` until it is null. With `sku` only the one that has it.
         */
        get: operations["listProducts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/products/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A product and its currently available stock
         * @description The figures are at most a second old. A product that was archived says so.
         */
        get: operations["getProduct"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/products/{id}/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A product as it changes, as Server-Sent Events
         * @description Events `stock`: the product as `GET /api/products/{id}` shows it, with `as_of`; drop what is older than what you have. First as it is now, then what it becomes, at most five a second. A comment each 15 seconds.
         */
        get: operations["watchProduct"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sales": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the sales, in pages
         * @description In the order of their numbers; those that ended over a day ago are left out.
         */
        get: operations["listSales"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sales/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A sale with its products, and the time by which it starts
         * @description The figures are at most a second old. `available_stock` is the true one before the start and in a pause, too: it tells of stock and not of permission.
         */
        get: operations["getSale"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sales/{id}/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A sale and its products as they change, as Server-Sent Events
         * @description Events `stock`: the sale as `GET /api/sales/{id}` shows it, with `as_of`: first all of it, then with those products alone that have changed; one that left says so by its `sale_id` or `archived`. As of a product otherwise.
         */
        get: operations["watchSale"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/sales": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List all sales, in pages
         * @description In the order of their numbers, ended ones and archived products too.
         */
        get: operations["listAllSales"];
        put?: never;
        /**
         * Make a sale: a window of time for products
         * @description It has no products yet: they name it as their `sale_id`. Times are those of the database’s clock.
         */
        post: operations["createSale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/sales/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A sale as it is now
         * @description From the database, with the tag by which a change is guarded.
         */
        get: operations["readSale"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a sale
         * @description Fields that are not named stay as they are. The start can be moved until it has passed, the end until it has; then the name alone.
         */
        patch: operations["changeSale"];
        trace?: never;
    };
    "/api/admin/sales/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause a sale
         * @description Once this is answered no hold is granted, by no instance; what was held before goes on. The end stays where it is. Again: nothing changes.
         */
        post: operations["pauseSale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/sales/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Go on with a paused sale
         * @description It is again what its window says. Again: nothing changes.
         */
        post: operations["resumeSale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/sales/{id}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a sale now, for good
         * @description Once this is answered no hold is granted; what was held before goes on. Again: nothing changes.
         */
        post: operations["endSale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Put a product on sale
         * @description Listed, and its units can be held, at once; those of a sale while it is open, archived ones once that is taken back.
         */
        post: operations["createProduct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/products/by-sku/{sku}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The product that has this SKU as it is now, on sale or not
         * @description As `GET /api/admin/products/{id}` tells it.
         */
        get: operations["readProductBySku"];
        /**
         * Make the product that has this SKU, or change it
         * @description The same again changes nothing. What is left out stays as it is; `sku`, if it is there, is that of the path.
         */
        put: operations["setProductBySku"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/products/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A product as it is now, on sale or not
         * @description From the database, with the tag by which a change is guarded.
         */
        get: operations["readProduct"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a product or its stock, or archive it
         * @description Fields that are not named stay as they are. With `If-Match` a change that others made first is kept.
         */
        patch: operations["changeProduct"];
        trace?: never;
    };
    "/api/admin/products/{id}/restock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add units to a product, or take free ones away
         * @description Relative to what is there, whatever that is. Send a key: without one, repeated is restocked again.
         */
        post: operations["restockProduct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reserve units of a product for two minutes
         * @description All of the units or none. Made with a buyer's token it is that buyer's alone; without one its id is its secret: who knows it may read, order and give back.
         */
        post: operations["createHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/holds/{hold_id}/extend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for more time for a hold
         * @description It lasts from now on as long as a new one, or to its present end if that is later. How often: `extensions_left`.
         */
        post: operations["extendHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a hold by hand
         * @description For support, and to put units aside: it lasts as long as is said, and can be against the window of a sale or the limit of a customer. Archived products stay archived.
         */
        post: operations["makeHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Turn a hold into an order that waits for its payment
         * @description A hold becomes one order at most, and only before it expires. Its units stay reserved until the payment or its deadline.
         */
        post: operations["createOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/holds/{hold_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A hold and its order
         * @description What the buyer sees of a hold, and of the order that was made of it. Operators see any hold, with its `customer_id`; what it is paid by only with scope `sell` or `orders`.
         */
        get: operations["getHold"];
        put?: never;
        post?: never;
        /**
         * Give a hold back; its unpaid order is cancelled
         * @description The units are available again at once. Given back once more, nothing changes and the answer is the same.
         */
        delete: operations["giveBackHold"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/holds/{hold_id}/payment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make what an order is paid by anew, after it failed
         * @description Of an unpaid order that was made with `payment`. Anything but a failed one stays as it is.
         */
        post: operations["makePaymentAnew"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the refunds, in pages
         * @description Money that is owed back, or was, in the order of the refunds' numbers.
         */
        get: operations["listRefunds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/refunds/{id}/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a refund through its provider's API
         * @description The provider is asked first whether it has sent it already, so that money goes back once.
         */
        post: operations["sendRefund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/refunds/{id}/mark-sent": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Note that a refund was sent by other means
         * @description Moves no money: for a bank transfer, or a refund in the dashboard of a provider.
         */
        post: operations["markRefundSent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/refunds/{id}/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Note that the buyer has the money
         * @description Stripe tells so by itself; for all else somebody looks.
         */
        post: operations["confirmRefund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/refunds/{id}/fail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Note that a refund did not arrive, and why
         * @description The money is owed again, and the refund can be sent once more.
         */
        post: operations["failRefund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/payments/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a payment notice in our own form
         * @description Each payment has one effect, however often and in whatever order its notices come. A notice that comes before its order waits for it.
         */
        post: operations["sendPaymentNotice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/payments/webhook/{provider}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a payment notice in a provider's form
         * @description For payment providers with a form of their own, such as Stripe. Events that say nothing about a payment are kept and ignored.
         */
        post: operations["sendProviderNotice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the payment events, in pages
         * @description What payment providers told, in the order of its coming.
         */
        get: operations["listPaymentEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decide a payment event anew that had no effect; one that had stays as it is
         * @description For those that waited for an order, or that a person looked at.
         */
        post: operations["replayPaymentEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{id}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Owe the money of a payment event back that does not fit its order, or whose order never came
         * @description The refund is made once, however often it is asked for.
         */
        post: operations["refundPaymentEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a payment under review pay its order as if its amount were right
         * @description A cancelled order is paid by the rule for late money: if its units are still there.
         */
        post: operations["acceptPaymentEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/customers/{customer_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Forget a customer
         * @description The name is replaced by a random one wherever it stands; figures stay. Repeat it after a failure.
         */
        delete: operations["eraseCustomer"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Find orders, in pages, or all as a CSV file
         * @description Filters are combined. A page may have fewer orders than `limit` and a `next_cursor` all the same. With `Accept: text/csv` all of them come, a line for each item.
         */
        get: operations["listOrders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/orders/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An order with all that happened to it
         * @description With what payment providers told of it, and what is owed back of it or went back.
         */
        get: operations["readOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/orders/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel an unpaid order
         * @description Its units are available again at once. Of an order that has ended unpaid nothing changes.
         */
        post: operations["cancelOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/orders/{id}/return": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take units of a paid order back, and owe their price
         * @description The refund is due, and sent like any other. Send a key: without one, repeated it returns again. `quantity: 0` gives money back for no unit.
         */
        post: operations["returnOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    "order.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its orders, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OrderEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "order.processing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its orders, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OrderEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "order.paid": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its orders, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OrderEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "order.cancelled": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its orders, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OrderEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "order.refund_due": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its orders, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OrderEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "order.returned": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its orders, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OrderEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "order.refunded": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its orders, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OrderEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "order.disputed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its orders, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OrderEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "payment.failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its orders, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OrderEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "refund.sent": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its refunds, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RefundEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "refund.confirmed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its refunds, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RefundEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "refund.failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its refunds, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RefundEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "sale.started": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its sales, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SaleEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "sale.paused": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its sales, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SaleEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "sale.resumed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its sales, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SaleEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "sale.ended": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its sales, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SaleEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "product.availability": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its products, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ProductEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "customer.erased": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the shop of one of its customers, as Standard Webhooks says */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CustomerEvent"];
                };
            };
            responses: {
                /** @description The shop has it; all else is sent again */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        CreateApiKey: {
            name: string;
            scopes: ("read" | "products" | "sales" | "orders" | "refunds" | "customers" | "events" | "webhooks" | "keys" | "audit" | "sell")[];
        };
        /** @enum {string} */
        EventType: "order.created" | "order.processing" | "order.paid" | "order.cancelled" | "order.refund_due" | "order.returned" | "order.refunded" | "order.disputed" | "payment.failed" | "refund.sent" | "refund.confirmed" | "refund.failed" | "sale.started" | "sale.paused" | "sale.resumed" | "sale.ended" | "product.availability" | "customer.erased";
        CreateEndpoint: {
            url: string;
            types?: components["schemas"]["EventType"][] | null;
        };
        ChangeEndpoint: {
            url?: string;
            disabled?: boolean;
            types?: components["schemas"]["EventType"][] | null;
        };
        /**
         * @example {
         *       "ends_at": "2026-11-28T12:00:00.000Z"
         *     }
         */
        ChangeSale: {
            name?: string;
            /** Format: date-time */
            starts_at?: string;
            /** Format: date-time */
            ends_at?: string | null;
            /** Format: int32 */
            hold_seconds?: number | null;
            /** Format: int32 */
            payment_seconds?: number | null;
            /** Format: int32 */
            hold_extensions?: number | null;
            /** Format: int32 */
            processing_seconds?: number | null;
            /** @enum {string|null} */
            show_stock?: "exact" | "few" | "none" | null;
            /** Format: int64 */
            max_per_customer?: number | null;
            early?: {
                group: string;
                /** Format: date-time */
                starts_at: string;
            }[] | null;
        };
        CreateSale: WithRequired<components["schemas"]["ChangeSale"], "name">;
        /**
         * @example {
         *       "stock_total": 150
         *     }
         */
        ChangeProduct: {
            name?: string;
            /**
             * @description Decimal string
             * @example 99.99
             */
            price?: string;
            /** Format: int64 */
            stock_total?: number;
            sku?: string | null;
            /** Format: int64 */
            sale_id?: number | null;
            /** Format: int64 */
            max_per_customer?: number | null;
            archived?: boolean;
        };
        CreateProduct: WithRequired<components["schemas"]["ChangeProduct"], "name" | "price" | "stock_total">;
        Restock: {
            /** Format: int64 */
            units: number;
        };
        CreateHold: {
            /**
             * Format: int64
             * @description Units to reserve, at most HOLD_QUANTITY_MAX; `qty` alone is taken, too
             */
            quantity: number;
            /**
             * Format: int64
             * @deprecated
             * @description Another name for `quantity`
             */
            qty?: number;
            /** Format: int64 */
            product_id?: number;
            sku?: string;
        };
        CreateHandMadeHold: {
            /** Format: int32 */
            quantity: number;
            customer_id?: string;
            /** Format: date-time */
            expires_at: string;
            override?: ("window" | "limit" | "admission")[];
            /** Format: int64 */
            product_id?: number;
            sku?: string;
        };
        PaymentWish: {
            provider: string;
            /** @enum {string} */
            kind: "intent" | "checkout";
            return_url?: string | null;
        };
        Adjustment: {
            /** @enum {string} */
            kind: "shipping" | "tax" | "discount" | "fee";
            label: string;
            amount: string;
        };
        Paid: {
            transaction_id: string;
            amount: string;
            currency: string;
        };
        CreateOrder: {
            hold_id: string;
            reference?: string | null;
            metadata?: {
                [key: string]: string;
            } | null;
            payment?: components["schemas"]["PaymentWish"] | null;
            adjustments?: components["schemas"]["Adjustment"][] | null;
            paid?: components["schemas"]["Paid"] | null;
        };
        FailRefund: {
            reason: string;
        };
        PaymentNotice: {
            /** Format: int64 */
            order_id: number;
            /** @enum {string} */
            status: "success" | "failed" | "processing";
            transaction_id: string;
            idempotency_key?: string | null;
            payment_reference?: string | null;
            /**
             * @description Decimal string
             * @example 99.99
             */
            amount?: unknown;
            /**
             * @description ISO 4217
             * @example EUR
             */
            currency?: unknown;
        };
        Return: {
            /** Format: int64 */
            quantity?: number;
            amount?: string;
            restock: boolean;
        };
        /**
         * @example {
         *       "status": "ok"
         *     }
         */
        Live: {
            /** @enum {string} */
            status: "ok";
        };
        /**
         * @example {
         *       "type": "/docs/errors/HOLD_NOT_FOUND",
         *       "title": "There is no such hold",
         *       "status": 404,
         *       "detail": "There is no such hold",
         *       "code": "HOLD_NOT_FOUND"
         *     }
         */
        Problem: {
            /**
             * Format: uri-reference
             * @description Path of the page about this code
             */
            type: string;
            /** Format: int32 */
            status: number;
            detail: string;
            title: string;
        } & ({
            /** @enum {string} */
            code: "UNAUTHORIZED" | "BUYER_TOKEN_REQUIRED" | "BUYER_TOKEN_INVALID" | "CROSS_SITE_REQUEST" | "ROUTE_NOT_FOUND" | "METHOD_NOT_ALLOWED" | "REQUEST_TIMEOUT" | "PAYLOAD_TOO_LARGE" | "URI_TOO_LONG" | "UNSUPPORTED_MEDIA_TYPE" | "EXPECTATION_FAILED" | "IDEMPOTENCY_KEY_REUSED" | "RATE_LIMITED" | "HEADERS_TOO_LARGE" | "INTERNAL_ERROR" | "OVERLOADED" | "UNAVAILABLE" | "PRODUCT_NOT_FOUND" | "SALE_NOT_FOUND" | "HOLD_NOT_FOUND" | "PRODUCT_NOT_ON_SALE" | "SALE_PAUSED" | "SALE_STARTED" | "SALE_ENDED" | "HOLD_EXPIRED" | "PRECONDITION_FAILED" | "SIGNATURE_INVALID" | "ADJUSTMENTS_NOT_TRUSTED" | "PROVIDER_NOT_FOUND" | "REFUND_NOT_FOUND" | "ORDER_NOT_FOUND" | "PAYMENT_EVENT_NOT_FOUND" | "ORDER_ALREADY_PAID" | "ORDER_NOT_PAID" | "NOTHING_TO_RETURN" | "PAYMENT_ALREADY_USED" | "PAYMENT_NOT_POSSIBLE" | "REFUND_STATUS_CONFLICT" | "PAYMENT_EVENT_NOT_ACCEPTABLE" | "REFUND_NOT_SENDABLE" | "PAYMENT_EVENT_NOT_OWED" | "KEY_NOT_FOUND" | "ENDPOINT_NOT_FOUND" | "DELIVERY_NOT_FOUND" | "CUSTOMER_IS_ACTIVE";
        } | {
            /** @enum {unknown} */
            code: "VALIDATION_FAILED";
            /** @description What is wrong with which field */
            errors: {
                field: string;
                message: string;
            }[];
        } | {
            /** @enum {unknown} */
            code: "SCOPE_MISSING";
            /** @description What the key would need */
            scope: string;
        } | {
            /** @enum {unknown} */
            code: "SALE_NOT_STARTED";
            /** Format: date-time */
            starts_at: string;
        } | {
            /** @enum {unknown} */
            code: "HOLD_NOT_EXTENDABLE";
            /** @enum {string} */
            reason: "none_left" | "used" | "expired" | "sale_ended";
        } | {
            /** @enum {unknown} */
            code: "SKU_TAKEN";
            /**
             * Format: int64
             * @description The product that has the SKU
             */
            product_id: number;
        } | {
            /** @enum {unknown} */
            code: "INSUFFICIENT_STOCK";
            /**
             * Format: int64
             * @description Units that are left; null, with `availability`, where its sale shows no figures
             */
            available_stock: number | null;
            /** @enum {string} */
            availability?: "many" | "few" | "some" | "none";
        } | {
            /** @enum {unknown} */
            code: "CUSTOMER_LIMIT_REACHED";
            /**
             * Format: int64
             * @description Units that one customer may have
             */
            limit: number;
            /**
             * Format: int64
             * @description Units that this one may have more
             */
            remaining: number;
            /** @enum {string} */
            scope: "product" | "sale";
        } | {
            /** @enum {unknown} */
            code: "AMOUNT_MISMATCH";
            /** @description What is due */
            amount: string;
        } | {
            /** @enum {unknown} */
            code: "HOLD_ALREADY_USED";
            /**
             * Format: int64
             * @description The order that was made of the hold
             */
            order_id: number;
        } | {
            /** @enum {unknown} */
            code: "QUANTITY_NOT_RETURNABLE";
            /**
             * Format: int64
             * @description Units that can be returned
             */
            returnable: number;
        } | {
            /** @enum {unknown} */
            code: "STOCK_BELOW_COMMITTED";
            /**
             * Format: int64
             * @description Units that are held or sold
             */
            committed: number;
        } | {
            /** @enum {unknown} */
            code: "EVENTS_GONE";
            /**
             * Format: int64
             * @description The oldest event that is kept
             */
            oldest_sequence: number;
        });
        /**
         * @example {
         *       "status": "ok",
         *       "version": "1.0.0",
         *       "commit": "b1946ac92492d2347c6235b4d2611184e6f3ab5c"
         *     }
         */
        Startup: {
            /** @enum {string} */
            status: "ok";
            version: string;
            commit: string;
        };
        /**
         * @example {
         *       "status": "ok",
         *       "database": "up",
         *       "redis": "up"
         *     }
         */
        Ready: {
            /** @enum {string} */
            status: "ok" | "degraded";
            /** @enum {string} */
            database: "up" | "slow";
            /** @enum {string} */
            redis: "up" | "down";
        };
        /**
         * @example {
         *       "id": 7,
         *       "name": "warehouse",
         *       "scopes": [
         *         "read",
         *         "products"
         *       ],
         *       "created_at": "2026-11-27T10:00:00.000Z",
         *       "last_used_at": null,
         *       "revoked_at": null
         *     }
         */
        ApiKey: {
            /** Format: int64 */
            id: number;
            name: string;
            scopes: ("read" | "products" | "sales" | "orders" | "refunds" | "customers" | "events" | "webhooks" | "keys" | "audit" | "sell")[];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_used_at: string | null;
            /** Format: date-time */
            revoked_at: string | null;
        };
        /**
         * @example {
         *       "id": 7,
         *       "name": "warehouse",
         *       "scopes": [
         *         "read",
         *         "products"
         *       ],
         *       "created_at": "2026-11-27T10:00:00.000Z",
         *       "last_used_at": null,
         *       "revoked_at": null,
         *       "key": "fsk_7_…"
         *     }
         */
        NewApiKey: components["schemas"]["ApiKey"] & {
            key: string;
        };
        ApiKeyPage: {
            items: components["schemas"]["ApiKey"][];
            /** @example null */
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "id": 1,
         *       "actor": "warehouse",
         *       "key_id": 7,
         *       "action": "product.restock",
         *       "target": "product",
         *       "target_id": "1",
         *       "before": {
         *         "stock_total": 10
         *       },
         *       "after": {
         *         "stock_total": 60
         *       },
         *       "request_id": "3f9a6c1e2b40-1k",
         *       "created_at": "2026-11-27T10:00:00.000Z"
         *     }
         */
        AuditEntry: {
            /** Format: int64 */
            id: number;
            actor: string;
            /** Format: int64 */
            key_id: number | null;
            action: string;
            target: string;
            target_id: string;
            before: {
                [key: string]: unknown;
            } | null;
            after: {
                [key: string]: unknown;
            } | null;
            request_id: string | null;
            /** Format: date-time */
            created_at: string;
        };
        AuditPage: {
            items: components["schemas"]["AuditEntry"][];
            /** @example null */
            next_cursor: string | null;
        };
        Event: {
            id: string;
            type: components["schemas"]["EventType"];
            /** Format: date-time */
            timestamp: string;
            /** Format: int64 */
            sequence: number;
            /** Format: int64 */
            version: number | null;
            data: {
                [key: string]: unknown;
            };
        };
        /**
         * @example {
         *       "items": [
         *         {
         *           "id": "evt_7",
         *           "type": "order.paid",
         *           "timestamp": "2026-11-27T10:05:00.000Z",
         *           "sequence": 7,
         *           "version": 2,
         *           "data": {
         *             "order_id": 1,
         *             "status": "paid",
         *             "amount": "199.98",
         *             "currency": "EUR"
         *           }
         *         }
         *       ],
         *       "last_sequence": 7
         *     }
         */
        EventFeed: {
            items: components["schemas"]["Event"][];
            /** Format: int64 */
            last_sequence: number;
        };
        /**
         * @example {
         *       "id": 1,
         *       "url": "https://shop.example/hooks",
         *       "types": [
         *         "order.paid"
         *       ],
         *       "failing_since": null,
         *       "disabled_at": null,
         *       "disabled_reason": null,
         *       "created_at": "2026-11-27T10:00:00.000Z"
         *     }
         */
        Endpoint: {
            /** Format: int64 */
            id: number;
            url: string;
            types: components["schemas"]["EventType"][] | null;
            /** Format: date-time */
            failing_since: string | null;
            /** Format: date-time */
            disabled_at: string | null;
            /** @enum {string|null} */
            disabled_reason: "operator" | "failing" | null;
            /** Format: date-time */
            created_at: string;
        };
        /**
         * @example {
         *       "id": 1,
         *       "url": "https://shop.example/hooks",
         *       "types": [
         *         "order.paid"
         *       ],
         *       "failing_since": null,
         *       "disabled_at": null,
         *       "disabled_reason": null,
         *       "created_at": "2026-11-27T10:00:00.000Z",
         *       "secret": "whsec_…"
         *     }
         */
        EndpointSecret: components["schemas"]["Endpoint"] & {
            secret: string;
        };
        EndpointPage: {
            items: components["schemas"]["Endpoint"][];
            /** @example null */
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "id": 1,
         *       "event_id": "evt_1042",
         *       "request": null,
         *       "status": "delivered",
         *       "attempts": 1,
         *       "due_at": null,
         *       "answer_status": 204,
         *       "answer": "",
         *       "reason": null,
         *       "took_ms": 31,
         *       "tried_at": "2026-11-27T10:00:00.431Z"
         *     }
         */
        Delivery: {
            /** Format: int64 */
            id: number;
            event_id: string;
            request: components["schemas"]["Event"] | null;
            /** @enum {string} */
            status: "pending" | "delivered" | "failed";
            /** Format: int64 */
            attempts: number;
            /** Format: date-time */
            due_at: string | null;
            /** Format: int64 */
            answer_status: number | null;
            answer: string | null;
            reason: string | null;
            /** Format: int64 */
            took_ms: number | null;
            /** Format: date-time */
            tried_at: string | null;
        };
        DeliveryPage: {
            items: components["schemas"]["Delivery"][];
            /** @example null */
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "id": 1,
         *       "name": "Limited sneaker",
         *       "price": "99.99",
         *       "currency": "EUR",
         *       "sku": "sneaker-42",
         *       "sale_id": 1,
         *       "stock_total": 10,
         *       "available_stock": 8,
         *       "max_per_customer": 2,
         *       "archived": false
         *     }
         */
        Product: {
            /** Format: int64 */
            id: number;
            name: string;
            /** @example 99.99 */
            price: string;
            currency: string;
            sku: string | null;
            /** Format: int64 */
            sale_id: number | null;
            /** Format: int64 */
            stock_total: number | null;
            /** Format: int64 */
            available_stock: number | null;
            /** @enum {string} */
            availability?: "many" | "some" | "few" | "none";
            /** Format: int64 */
            max_per_customer: number | null;
            archived: boolean;
        };
        ProductPage: {
            items: components["schemas"]["Product"][];
            /** @example null */
            next_cursor: string | null;
        };
        SaleTerms: {
            /** Format: int64 */
            hold_seconds: number;
            /** Format: int64 */
            payment_seconds: number;
            /** Format: int64 */
            hold_extensions: number;
            /** Format: int64 */
            processing_seconds: number;
            /** Format: int64 */
            max_per_customer: number | null;
            early: {
                group: string;
                /** Format: date-time */
                starts_at: string;
            }[];
            /** @enum {string} */
            show_stock: "exact" | "few" | "none";
        };
        SaleFields: {
            /** Format: int64 */
            id: number;
            name: string;
            /** @enum {string} */
            state: "scheduled" | "open" | "paused" | "ended";
            /** Format: date-time */
            starts_at: string;
            /** Format: date-time */
            ends_at: string | null;
            /** Format: date-time */
            ended_at: string | null;
            /** Format: date-time */
            paused_at: string | null;
            terms: components["schemas"]["SaleTerms"];
        };
        /**
         * @example {
         *       "id": 1,
         *       "name": "Black Friday",
         *       "state": "open",
         *       "starts_at": "2026-11-27T10:00:00.000Z",
         *       "ends_at": "2026-11-28T10:00:00.000Z",
         *       "ended_at": null,
         *       "paused_at": null,
         *       "server_time": "2026-11-27T10:00:00.421Z",
         *       "terms": {
         *         "hold_seconds": 120,
         *         "payment_seconds": 900,
         *         "hold_extensions": 1,
         *         "processing_seconds": 0,
         *         "max_per_customer": null,
         *         "early": [
         *           {
         *             "group": "members",
         *             "starts_at": "2026-11-27T09:00:00.000Z"
         *           }
         *         ],
         *         "show_stock": "exact"
         *       },
         *       "products": [
         *         {
         *           "id": 1,
         *           "name": "Limited sneaker",
         *           "price": "99.99",
         *           "currency": "EUR",
         *           "sku": "sneaker-42",
         *           "sale_id": 1,
         *           "stock_total": 10,
         *           "available_stock": 8,
         *           "max_per_customer": 2,
         *           "archived": false
         *         }
         *       ]
         *     }
         */
        Sale: components["schemas"]["SaleFields"] & {
            /** Format: date-time */
            server_time: string;
            products: components["schemas"]["Product"][];
        };
        SalePage: {
            items: components["schemas"]["Sale"][];
            /** @example null */
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "id": 1,
         *       "name": "Black Friday",
         *       "state": "open",
         *       "starts_at": "2026-11-27T10:00:00.000Z",
         *       "ends_at": "2026-11-28T10:00:00.000Z",
         *       "ended_at": null,
         *       "paused_at": null,
         *       "server_time": "2026-11-27T10:00:00.421Z",
         *       "terms": {
         *         "hold_seconds": 120,
         *         "payment_seconds": 900,
         *         "hold_extensions": 1,
         *         "processing_seconds": 0,
         *         "max_per_customer": null,
         *         "early": [
         *           {
         *             "group": "members",
         *             "starts_at": "2026-11-27T09:00:00.000Z"
         *           }
         *         ],
         *         "show_stock": "exact"
         *       },
         *       "products": [
         *         {
         *           "id": 1,
         *           "name": "Limited sneaker",
         *           "price": "99.99",
         *           "currency": "EUR",
         *           "sku": "sneaker-42",
         *           "sale_id": 1,
         *           "stock_total": 10,
         *           "available_stock": 8,
         *           "max_per_customer": 2,
         *           "archived": false
         *         }
         *       ],
         *       "terms_set": [
         *         "early"
         *       ]
         *     }
         */
        AdminSale: components["schemas"]["Sale"] & {
            terms_set: ("hold_seconds" | "payment_seconds" | "hold_extensions" | "processing_seconds" | "show_stock" | "max_per_customer" | "early")[];
        };
        AdminSalePage: {
            items: components["schemas"]["AdminSale"][];
            /** @example null */
            next_cursor: string | null;
        };
        Item: {
            /** Format: int64 */
            product_id: number;
            sku: string | null;
            /** Format: int64 */
            quantity: number;
            unit_price: string;
            amount: string;
        };
        /**
         * @example {
         *       "hold_id": "019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11",
         *       "product_id": 1,
         *       "sku": "sneaker-42",
         *       "quantity": 2,
         *       "unit_price": "99.99",
         *       "amount": "199.98",
         *       "currency": "EUR",
         *       "items": [
         *         {
         *           "product_id": 1,
         *           "sku": "sneaker-42",
         *           "quantity": 2,
         *           "unit_price": "99.99",
         *           "amount": "199.98"
         *         }
         *       ],
         *       "sale_id": 1,
         *       "expires_at": "2026-11-27T10:02:00.000Z",
         *       "extensions_left": 1,
         *       "status": "active"
         *     }
         */
        Hold: {
            /** Format: uuid */
            hold_id: string;
            /** Format: int64 */
            product_id: number;
            sku: string | null;
            /** Format: int64 */
            quantity: number;
            unit_price: string;
            amount: string;
            currency: string;
            items: components["schemas"]["Item"][];
            /** Format: int64 */
            sale_id: number | null;
            /** Format: date-time */
            expires_at: string;
            /** Format: int64 */
            extensions_left: number;
            /** @enum {string} */
            status: "active" | "used" | "released";
        };
        /**
         * @example {
         *       "expires_at": "2026-11-27T10:03:40.000Z",
         *       "extensions_left": 0
         *     }
         */
        Extension: {
            /** Format: date-time */
            expires_at: string;
            /** Format: int64 */
            extensions_left: number;
        };
        /**
         * @example {
         *       "hold_id": "019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11",
         *       "product_id": 1,
         *       "sku": "sneaker-42",
         *       "quantity": 2,
         *       "unit_price": "99.99",
         *       "amount": "199.98",
         *       "currency": "EUR",
         *       "items": [
         *         {
         *           "product_id": 1,
         *           "sku": "sneaker-42",
         *           "quantity": 2,
         *           "unit_price": "99.99",
         *           "amount": "199.98"
         *         }
         *       ],
         *       "sale_id": 1,
         *       "expires_at": "2026-11-27T10:02:00.000Z",
         *       "extensions_left": 0,
         *       "status": "active",
         *       "customer_id": "c_42"
         *     }
         */
        HandMadeHold: components["schemas"]["Hold"] & {
            customer_id: string | null;
        };
        /**
         * @example {
         *       "state": "open",
         *       "client_secret": "pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8HVhfZluoGH",
         *       "url": null,
         *       "attempts": 0,
         *       "last_error": null
         *     }
         */
        Payment: {
            /** @enum {string} */
            state: "preparing" | "open" | "processing" | "succeeded" | "cancelled" | "failed";
            client_secret: string | null;
            url: string | null;
            /** Format: int64 */
            attempts: number;
            last_error: string | null;
        };
        OrderTags: {
            reference: string | null;
            /** @enum {string|null} */
            reference_by: "buyer" | "shop" | null;
            metadata: {
                [key: string]: string;
            } | null;
        };
        OrderCore: components["schemas"]["OrderTags"] & {
            /** Format: int64 */
            order_id: number;
            payment_reference: string;
            subtotal: string;
            adjustments: components["schemas"]["Adjustment"][];
            amount: string;
            currency: string;
            items: components["schemas"]["Item"][];
            /** @enum {string} */
            status: "pending_payment" | "paid" | "cancelled" | "refund_due" | "refunded";
            /** Format: date-time */
            payment_due_at: string | null;
        };
        OrderFacts: components["schemas"]["OrderCore"] & {
            /** Format: uuid */
            hold_id: string;
            /** Format: int64 */
            product_id: number;
            /** Format: int64 */
            quantity: number;
        };
        /**
         * @example {
         *       "order_id": 1,
         *       "payment_reference": "1-rsinnsmf3vnuoj3k",
         *       "hold_id": "019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11",
         *       "product_id": 1,
         *       "quantity": 2,
         *       "subtotal": "199.98",
         *       "adjustments": [],
         *       "amount": "199.98",
         *       "currency": "EUR",
         *       "items": [
         *         {
         *           "product_id": 1,
         *           "sku": "sneaker-42",
         *           "quantity": 2,
         *           "unit_price": "99.99",
         *           "amount": "199.98"
         *         }
         *       ],
         *       "reference": "A-1001",
         *       "reference_by": "buyer",
         *       "metadata": {
         *         "channel": "app"
         *       },
         *       "status": "pending_payment",
         *       "payment_due_at": "2026-11-27T10:15:00.000Z",
         *       "payment": {
         *         "state": "preparing",
         *         "client_secret": null,
         *         "url": null,
         *         "attempts": 0,
         *         "last_error": null
         *       }
         *     }
         */
        Order: components["schemas"]["OrderFacts"] & {
            payment: components["schemas"]["Payment"] | null;
        };
        HoldOrder: components["schemas"]["OrderCore"] & {
            /** @enum {string|null} */
            cancel_reason: "payment_failed" | "payment_expired" | "buyer" | "operator" | null;
        };
        /**
         * @example {
         *       "hold_id": "019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11",
         *       "product_id": 1,
         *       "sku": "sneaker-42",
         *       "quantity": 2,
         *       "unit_price": "99.99",
         *       "amount": "199.98",
         *       "currency": "EUR",
         *       "items": [
         *         {
         *           "product_id": 1,
         *           "sku": "sneaker-42",
         *           "quantity": 2,
         *           "unit_price": "99.99",
         *           "amount": "199.98"
         *         }
         *       ],
         *       "sale_id": 1,
         *       "expires_at": "2026-11-27T10:02:00.000Z",
         *       "extensions_left": 0,
         *       "status": "used",
         *       "order": {
         *         "order_id": 1,
         *         "payment_reference": "1-rsinnsmf3vnuoj3k",
         *         "status": "pending_payment",
         *         "cancel_reason": null,
         *         "subtotal": "199.98",
         *         "adjustments": [],
         *         "amount": "199.98",
         *         "currency": "EUR",
         *         "items": [
         *           {
         *             "product_id": 1,
         *             "sku": "sneaker-42",
         *             "quantity": 2,
         *             "unit_price": "99.99",
         *             "amount": "199.98"
         *           }
         *         ],
         *         "reference": "A-1001",
         *         "reference_by": "buyer",
         *         "metadata": {
         *           "channel": "app"
         *         },
         *         "payment_due_at": "2026-11-27T10:15:00.000Z"
         *       },
         *       "payment": {
         *         "state": "open",
         *         "client_secret": "pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8HVhfZluoGH",
         *         "url": null,
         *         "attempts": 0,
         *         "last_error": null
         *       }
         *     }
         */
        HoldWithOrder: components["schemas"]["Hold"] & {
            order: components["schemas"]["HoldOrder"] | null;
            customer_id?: string | null;
            payment: components["schemas"]["Payment"] | null;
        };
        RefundFacts: {
            provider: string;
            transaction_id: string;
            amount: string | null;
            currency: string;
            /** @enum {string} */
            cause: "late" | "customer_limit" | "duplicate" | "returned" | "operator" | "outside";
            /** @enum {string} */
            status: "due" | "sent" | "confirmed" | "failed";
            reason: string | null;
            provider_refund_id: string | null;
        };
        /**
         * @example {
         *       "id": 1,
         *       "order_id": 1,
         *       "provider": "stripe",
         *       "transaction_id": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
         *       "amount": "199.98",
         *       "currency": "EUR",
         *       "amount_paid": "199.98",
         *       "amount_refunded": "0.00",
         *       "cause": "late",
         *       "status": "due",
         *       "reason": null,
         *       "provider_refund_id": null,
         *       "created_at": "2026-11-27T10:20:00.000Z",
         *       "updated_at": "2026-11-27T10:20:00.000Z"
         *     }
         */
        Refund: components["schemas"]["RefundFacts"] & {
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            order_id: number | null;
            amount_paid: string | null;
            amount_refunded: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        RefundPage: {
            items: components["schemas"]["Refund"][];
            /** @example null */
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "result": "applied",
         *       "order_id": 1,
         *       "order_status": "paid"
         *     }
         */
        PaymentAnswer: {
            /** @enum {string} */
            result: "applied" | "duplicate" | "ignored" | "review";
            /** Format: int64 */
            order_id: number | null;
            /** @enum {string|null} */
            order_status: "pending_payment" | "paid" | "cancelled" | "refund_due" | "refunded" | null;
        };
        /**
         * @example {
         *       "result": "pending_order"
         *     }
         */
        PendingPayment: {
            /** @enum {string} */
            result: "pending_order";
        };
        /**
         * @example {
         *       "id": 1,
         *       "provider": "stripe",
         *       "event_id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
         *       "type": "payment_intent.succeeded",
         *       "order_id": 1,
         *       "transaction_id": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
         *       "amount": "150.00",
         *       "currency": "EUR",
         *       "status": "review",
         *       "outcome": "review",
         *       "reason": "amount or currency differs from the order",
         *       "order_status": "pending_payment",
         *       "occurred_at": "2026-11-27T10:19:58.000Z",
         *       "received_at": "2026-11-27T10:20:00.000Z",
         *       "processed_at": "2026-11-27T10:20:00.000Z",
         *       "payment_reference": "1-rsinnsmf3vnuoj3k",
         *       "account": null,
         *       "metadata": {
         *         "payment_reference": "1-rsinnsmf3vnuoj3k"
         *       }
         *     }
         */
        PaymentEvent: {
            /** Format: int64 */
            id: number;
            provider: string;
            event_id: string;
            type: string;
            /** Format: int64 */
            order_id: number | null;
            transaction_id: string;
            amount: string | null;
            currency: string | null;
            /** @enum {string} */
            status: "processed" | "pending_order" | "unmatched" | "review";
            /** @enum {string|null} */
            outcome: "applied" | "ignored" | "review" | null;
            reason: string | null;
            /** @enum {string|null} */
            order_status: "pending_payment" | "paid" | "cancelled" | "refund_due" | "refunded" | null;
            occurred_at: string | null;
            /** Format: date-time */
            received_at: string;
            /** Format: date-time */
            processed_at: string | null;
            payment_reference: string | null;
            account: string | null;
            metadata: {
                [key: string]: unknown;
            } | null;
        };
        PaymentEventPage: {
            items: components["schemas"]["PaymentEvent"][];
            /** @example null */
            next_cursor: string | null;
        };
        OrderPayment: {
            provider: string;
            transaction_id: string;
            amount: string | null;
            currency: string | null;
            amount_refunded: string;
            /** Format: date-time */
            disputed_at: string | null;
            /** @enum {string|null} */
            dispute_status: "open" | "won" | "lost" | "closed" | null;
            dispute_reason: string | null;
        };
        /**
         * @example {
         *       "order_id": 1,
         *       "payment_reference": "1-rsinnsmf3vnuoj3k",
         *       "hold_id": "019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11",
         *       "product_id": 1,
         *       "quantity": 2,
         *       "subtotal": "199.98",
         *       "adjustments": [],
         *       "amount": "199.98",
         *       "currency": "EUR",
         *       "items": [
         *         {
         *           "product_id": 1,
         *           "sku": "sneaker-42",
         *           "quantity": 2,
         *           "unit_price": "99.99",
         *           "amount": "199.98"
         *         }
         *       ],
         *       "reference": "A-1001",
         *       "reference_by": "buyer",
         *       "metadata": {
         *         "channel": "app"
         *       },
         *       "status": "paid",
         *       "payment_due_at": "2026-11-27T10:15:00.000Z",
         *       "cancel_reason": null,
         *       "product_name": "Limited sneaker",
         *       "quantity_sold": 2,
         *       "customer_id": "c_42",
         *       "sale_id": 1,
         *       "payment": {
         *         "provider": "stripe",
         *         "transaction_id": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
         *         "amount": "199.98",
         *         "currency": "EUR",
         *         "amount_refunded": "0.00",
         *         "disputed_at": null,
         *         "dispute_status": null,
         *         "dispute_reason": null
         *       },
         *       "created_at": "2026-11-27T10:00:00.000Z",
         *       "updated_at": "2026-11-27T10:01:00.000Z"
         *     }
         */
        AdminOrder: components["schemas"]["OrderFacts"] & {
            /** @enum {string|null} */
            cancel_reason: "payment_failed" | "payment_expired" | "buyer" | "operator" | null;
            product_name: string;
            /** Format: int64 */
            quantity_sold: number;
            customer_id: string | null;
            /** Format: int64 */
            sale_id: number | null;
            payment: components["schemas"]["OrderPayment"] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        AdminOrderPage: {
            items: components["schemas"]["AdminOrder"][];
            /** @example null */
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "order_id": 1,
         *       "payment_reference": "1-rsinnsmf3vnuoj3k",
         *       "hold_id": "019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11",
         *       "product_id": 1,
         *       "quantity": 2,
         *       "subtotal": "199.98",
         *       "adjustments": [],
         *       "amount": "199.98",
         *       "currency": "EUR",
         *       "items": [
         *         {
         *           "product_id": 1,
         *           "sku": "sneaker-42",
         *           "quantity": 2,
         *           "unit_price": "99.99",
         *           "amount": "199.98"
         *         }
         *       ],
         *       "reference": "A-1001",
         *       "reference_by": "buyer",
         *       "metadata": {
         *         "channel": "app"
         *       },
         *       "status": "paid",
         *       "payment_due_at": "2026-11-27T10:15:00.000Z",
         *       "cancel_reason": null,
         *       "product_name": "Limited sneaker",
         *       "quantity_sold": 2,
         *       "customer_id": "c_42",
         *       "sale_id": 1,
         *       "payment": {
         *         "provider": "stripe",
         *         "transaction_id": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
         *         "amount": "199.98",
         *         "currency": "EUR",
         *         "amount_refunded": "0.00",
         *         "disputed_at": null,
         *         "dispute_status": null,
         *         "dispute_reason": null
         *       },
         *       "created_at": "2026-11-27T10:00:00.000Z",
         *       "updated_at": "2026-11-27T10:01:00.000Z",
         *       "events": [],
         *       "refunds": []
         *     }
         */
        AdminOrderDetail: components["schemas"]["AdminOrder"] & {
            events: components["schemas"]["PaymentEvent"][];
            refunds: components["schemas"]["Refund"][];
        };
        CustomerEventData: {
            customer_id: string;
        };
        CustomerEvent: components["schemas"]["Event"] & {
            /** @enum {string} */
            type?: "customer.erased";
            data?: components["schemas"]["CustomerEventData"];
        };
        OrderEventData: components["schemas"]["OrderFacts"] & {
            /** @enum {string|null} */
            cancel_reason: "payment_failed" | "payment_expired" | "buyer" | "operator" | null;
            transaction_id: string | null;
            /** Format: int64 */
            quantity_sold?: number;
            /** Format: int64 */
            attempts?: number;
            last_error?: string | null;
            /** Format: int64 */
            sale_id: number | null;
            customer_id: string | null;
            /** Format: date-time */
            created_at: string;
        };
        OrderEvent: components["schemas"]["Event"] & {
            /** @enum {string} */
            type?: "order.created" | "order.processing" | "order.paid" | "order.cancelled" | "order.refund_due" | "order.returned" | "order.refunded" | "order.disputed" | "payment.failed";
            data?: components["schemas"]["OrderEventData"];
        };
        Availability: {
            /** Format: int64 */
            product_id: number;
            /** Format: int64 */
            available: number;
            is_sold_out: boolean;
        };
        ProductEvent: components["schemas"]["Event"] & {
            /** @enum {string} */
            type?: "product.availability";
            data?: components["schemas"]["Availability"];
        };
        ToldRefund: components["schemas"]["RefundFacts"] & {
            /** Format: int64 */
            id: number | null;
        };
        RefundEventData: components["schemas"]["OrderEventData"] & {
            refund: components["schemas"]["ToldRefund"];
        };
        RefundEvent: components["schemas"]["Event"] & {
            /** @enum {string} */
            type?: "refund.sent" | "refund.confirmed" | "refund.failed";
            data?: components["schemas"]["RefundEventData"];
        };
        SaleEvent: components["schemas"]["Event"] & {
            /** @enum {string} */
            type?: "sale.started" | "sale.paused" | "sale.resumed" | "sale.ended";
            data?: components["schemas"]["SaleFields"];
        };
    };
    responses: {
        /** @description `OVERLOADED`: Too many requests are waiting; `UNAVAILABLE`: The service can not answer right now */
        "OVERLOADED.UNAVAILABLE": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `VALIDATION_FAILED`: The request is not valid; `PAYLOAD_TOO_LARGE`: The body is too large; `UNSUPPORTED_MEDIA_TYPE`: The body must be application/json; `UNAUTHORIZED`: A valid API key is needed; `SCOPE_MISSING`: The API key may not do this; `RATE_LIMITED`: Too many requests; `OVERLOADED`: Too many requests are waiting; `UNAVAILABLE`: The service can not answer right now */
        "VALIDATION_FAILED.and.7.more": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "ratelimit-limit": components["headers"]["ratelimit-limit"];
                "ratelimit-remaining": components["headers"]["ratelimit-remaining"];
                "ratelimit-reset": components["headers"]["ratelimit-reset"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `VALIDATION_FAILED`: The request is not valid; `UNAUTHORIZED`: A valid API key is needed; `SCOPE_MISSING`: The API key may not do this; `RATE_LIMITED`: Too many requests; `OVERLOADED`: Too many requests are waiting; `UNAVAILABLE`: The service can not answer right now */
        "VALIDATION_FAILED.and.5.more": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                "ratelimit-limit": components["headers"]["ratelimit-limit"];
                "ratelimit-remaining": components["headers"]["ratelimit-remaining"];
                "ratelimit-reset": components["headers"]["ratelimit-reset"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `ENDPOINT_NOT_FOUND`: There is no such endpoint */
        ENDPOINT_NOT_FOUND: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The answer is the one that the client has */
        Nothing: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description `VALIDATION_FAILED`: The request is not valid */
        VALIDATION_FAILED: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `PRODUCT_NOT_FOUND`: There is no such product */
        PRODUCT_NOT_FOUND: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Events */
        Text: {
            headers: {
                "Cache-Control": components["headers"]["watchProduct.200.Cache-Control"];
                [name: string]: unknown;
            };
            content: {
                "text/event-stream": string;
            };
        };
        /** @description `SALE_NOT_FOUND`: There is no such sale */
        SALE_NOT_FOUND: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `IDEMPOTENCY_KEY_REUSED`: The idempotency key was used with other content */
        IDEMPOTENCY_KEY_REUSED: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The sale as it is now */
        AdminSale: {
            headers: {
                ETag: components["headers"]["createSale.201.ETag"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["AdminSale"];
            };
        };
        /** @description `PRECONDITION_FAILED`: It was changed meanwhile */
        PRECONDITION_FAILED: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `SALE_ENDED`: The sale has ended */
        SALE_ENDED: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The product is made */
        Product: {
            headers: {
                Location: components["headers"]["createProduct.201.Location"];
                ETag: components["headers"]["createSale.201.ETag"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Product"];
            };
        };
        /** @description The product as it is now */
        "setProductBySku.200": {
            headers: {
                ETag: components["headers"]["createSale.201.ETag"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Product"];
            };
        };
        /** @description `STOCK_BELOW_COMMITTED`: The stock is below what is held and sold */
        STOCK_BELOW_COMMITTED: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `SCOPE_MISSING`: The API key may not do this */
        SCOPE_MISSING: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `PRODUCT_NOT_ON_SALE`: The product is on sale no more; `SALE_NOT_STARTED`: The sale has not started; `SALE_PAUSED`: The sale is paused; `SALE_ENDED`: The sale has ended; `CUSTOMER_LIMIT_REACHED`: The customer may not have so many; `INSUFFICIENT_STOCK`: Not enough units are available */
        "PRODUCT_NOT_ON_SALE.and.5.more": {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `PAYLOAD_TOO_LARGE`: The body is too large */
        PAYLOAD_TOO_LARGE: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `UNSUPPORTED_MEDIA_TYPE`: The body must be application/json */
        UNSUPPORTED_MEDIA_TYPE: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `RATE_LIMITED`: Too many requests */
        RATE_LIMITED: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                "ratelimit-limit": components["headers"]["ratelimit-limit"];
                "ratelimit-remaining": components["headers"]["ratelimit-remaining"];
                "ratelimit-reset": components["headers"]["ratelimit-reset"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `UNAUTHORIZED`: A valid API key is needed; `BUYER_TOKEN_INVALID`: The token of the buyer is not valid */
        "UNAUTHORIZED.BUYER_TOKEN_INVALID": {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `HOLD_NOT_FOUND`: There is no such hold */
        HOLD_NOT_FOUND: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `ORDER_ALREADY_PAID`: The order is already paid */
        ORDER_ALREADY_PAID: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The refund as it is now */
        Refund: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Refund"];
            };
        };
        /** @description `REFUND_NOT_FOUND`: There is no such refund */
        REFUND_NOT_FOUND: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The notice is stored and settled */
        PaymentAnswer: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["PaymentAnswer"];
            };
        };
        /** @description `SIGNATURE_INVALID`: The notice is not authentic */
        SIGNATURE_INVALID: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The payment event as it is now */
        PaymentEvent: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["PaymentEvent"];
            };
        };
        /** @description `PAYMENT_EVENT_NOT_FOUND`: There is no such payment event */
        PAYMENT_EVENT_NOT_FOUND: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The order as it is now */
        AdminOrderDetail: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["AdminOrderDetail"];
            };
        };
        /** @description `ORDER_NOT_FOUND`: There is no such order */
        ORDER_NOT_FOUND: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description Items a page */
        limit: number;
        /** @description `next_cursor` of the page before */
        cursor: string;
        /** @description By number: the oldest first (default), or the newest */
        order: "asc" | "desc";
        /** @description Only what came at this time or later */
        from: string;
        /** @description Only what came before this time */
        to: string;
        /** @description Number of the endpoint */
        "webhook-endpoints.id": number;
        /**
         * @description Number of the product
         * @example 1
         */
        "products.id": number;
        /**
         * @description Number of the sale
         * @example 1
         */
        "sales.id": number;
        /** @description Names this request for 24 hours: repeated with the same content it has one effect */
        "idempotency-key": string;
        /** @description The `ETag` of what the change is made for; none: whatever it is */
        "if-match": string;
        /**
         * @description The SKU of the product, exactly
         * @example sneaker-42
         */
        "by-sku.sku": string;
        /** @description An unguessable text, such as a random UUID: a fresh one for each thing that is wanted. It names this request for 24 hours: repeated with the same body it has one effect, and gets what that made */
        "createHold.idempotency-key": string;
        /** @description The customer for whom a key with `sell` calls: its holds are his alone */
        "on-behalf-of": string;
        /** @description What limits count by, such as a household; by default the customer */
        "buyer-limit-key": string;
        /** @description What the customer belongs to, with commas between */
        "buyer-groups": string;
        /**
         * @description UUIDv7 of the hold; who knows it may read, order and give back
         * @example 019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11
         */
        "holds.hold_id": string;
        /** @description Number of the refund */
        "refunds.id": number;
        /** @description Standard Webhooks: id of the message */
        "webhook-id": string;
        /** @description Standard Webhooks: seconds since 1970, at most 300 from now */
        "webhook-timestamp": string;
        /** @description Standard Webhooks: `v1,<base64>`, several separated by blanks */
        "webhook-signature": string;
        /** @description Stripe: `t=<seconds>,v1=<hex>` */
        "stripe-signature": string;
        /** @description Hex HMAC-SHA256 of the body, with or without `sha256=` */
        "x-webhook-signature": string;
        /** @description Number of the payment event */
        "webhooks.id": number;
        /** @description Number of the order */
        "orders.id": number;
    };
    requestBodies: never;
    headers: {
        /** @description Seconds to wait before another try */
        "Retry-After": number;
        /** @description Path of the list with it */
        Location: string;
        /** @description How to say who calls */
        "WWW-Authenticate": string;
        /** @description Requests that this client may send in the window */
        "ratelimit-limit": number;
        /** @description Requests that are left in the window */
        "ratelimit-remaining": number;
        /** @description Seconds until the window ends */
        "ratelimit-reset": number;
        /** @description Of the whole answer, less the time; send it as `If-None-Match` */
        ETag: string;
        /** @description public, max-age=1 */
        "Cache-Control": string;
        /** @description no-cache, no-transform */
        "watchProduct.200.Cache-Control": string;
        /** @description Of what operators set; no hold changes it. Send it as `If-Match` with a change */
        "createSale.201.ETag": string;
        /** @description Path of the product */
        "createProduct.201.Location": string;
        /** @description Path of the hold */
        "createHold.201.Location": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Live"];
                };
            };
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    getStartup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Startup"];
                };
            };
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All metrics */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    listApiKeys: {
        parameters: {
            query?: {
                /** @description Items a page */
                limit?: components["parameters"]["limit"];
                /** @description `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description By number: the oldest first (default), or the newest */
                order?: components["parameters"]["order"];
                /** @description Only what came at this time or later */
                from?: components["parameters"]["from"];
                /** @description Only what came before this time */
                to?: components["parameters"]["to"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of API keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyPage"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "warehouse",
                 *       "scopes": [
                 *         "read",
                 *         "products"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["CreateApiKey"];
            };
        };
        responses: {
            /** @description The key with its text */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewApiKey"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    revokeApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the API key */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key is revoked */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `KEY_NOT_FOUND`: There is no such API key */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    listAuditEntries: {
        parameters: {
            query?: {
                /** @description Items a page */
                limit?: components["parameters"]["limit"];
                /** @description `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description By number: the oldest first (default), or the newest */
                order?: components["parameters"]["order"];
                /** @description Only what came at this time or later */
                from?: components["parameters"]["from"];
                /** @description Only what came before this time */
                to?: components["parameters"]["to"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the audit log */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    readEvents: {
        parameters: {
            query?: {
                /** @description `last_sequence` of the answer before; left out: from the oldest event that is kept */
                after?: number;
                /** @description Only events of these types, separated by commas */
                types?: string;
                /** @description Events an answer */
                limit?: number;
                /** @description Seconds that an answer without events may wait for one */
                wait?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The next events, oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventFeed"];
                };
            };
            /** @description `EVENTS_GONE`: Events were deleted that were not read yet */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    listWebhookEndpoints: {
        parameters: {
            query?: {
                /** @description Items a page */
                limit?: components["parameters"]["limit"];
                /** @description `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description By number: the oldest first (default), or the newest */
                order?: components["parameters"]["order"];
                /** @description Only what came at this time or later */
                from?: components["parameters"]["from"];
                /** @description Only what came before this time */
                to?: components["parameters"]["to"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of endpoints */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointPage"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    createWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://shop.example/hooks",
                 *       "types": [
                 *         "order.paid"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["CreateEndpoint"];
            };
        };
        responses: {
            /** @description The endpoint with its secret */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointSecret"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    removeWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the endpoint */
                id: components["parameters"]["webhook-endpoints.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: components["responses"]["ENDPOINT_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    changeWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the endpoint */
                id: components["parameters"]["webhook-endpoints.id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "disabled": false
                 *     }
                 */
                "application/json": components["schemas"]["ChangeEndpoint"];
            };
        };
        responses: {
            /** @description The endpoint as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Endpoint"];
                };
            };
            404: components["responses"]["ENDPOINT_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the endpoint */
                id: components["parameters"]["webhook-endpoints.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The endpoint with its new secret */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointSecret"];
                };
            };
            404: components["responses"]["ENDPOINT_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description Only those in this state */
                status?: "pending" | "delivered" | "failed";
                /** @description Items a page */
                limit?: components["parameters"]["limit"];
                /** @description `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description By number: the oldest first (default), or the newest */
                order?: components["parameters"]["order"];
                /** @description Only what came at this time or later */
                from?: components["parameters"]["from"];
                /** @description Only what came before this time */
                to?: components["parameters"]["to"];
            };
            header?: never;
            path: {
                /** @description Number of the endpoint */
                id: components["parameters"]["webhook-endpoints.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deliveries */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryPage"];
                };
            };
            404: components["responses"]["ENDPOINT_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    redeliverWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the endpoint */
                id: components["parameters"]["webhook-endpoints.id"];
                /** @description Number of the delivery */
                delivery_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery, which is due now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            /** @description `ENDPOINT_NOT_FOUND`: There is no such endpoint; `DELIVERY_NOT_FOUND`: There is no such delivery */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    listProducts: {
        parameters: {
            query?: {
                /** @description Items a page */
                limit?: components["parameters"]["limit"];
                /** @description `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description By number: the oldest first (default), or the newest */
                order?: components["parameters"]["order"];
                /** @description The SKU of the product, exactly */
                sku?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of products */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductPage"];
                };
            };
            304: components["responses"]["Nothing"];
            400: components["responses"]["VALIDATION_FAILED"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    getProduct: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the product
                 * @example 1
                 */
                id: components["parameters"]["products.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The product */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Product"];
                };
            };
            304: components["responses"]["Nothing"];
            400: components["responses"]["VALIDATION_FAILED"];
            404: components["responses"]["PRODUCT_NOT_FOUND"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    watchProduct: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the product
                 * @example 1
                 */
                id: components["parameters"]["products.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Text"];
            400: components["responses"]["VALIDATION_FAILED"];
            404: components["responses"]["PRODUCT_NOT_FOUND"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    listSales: {
        parameters: {
            query?: {
                /** @description Items a page */
                limit?: components["parameters"]["limit"];
                /** @description `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description By number: the oldest first (default), or the newest */
                order?: components["parameters"]["order"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of sales */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SalePage"];
                };
            };
            304: components["responses"]["Nothing"];
            400: components["responses"]["VALIDATION_FAILED"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    getSale: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the sale
                 * @example 1
                 */
                id: components["parameters"]["sales.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sale */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Cache-Control": components["headers"]["Cache-Control"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            304: components["responses"]["Nothing"];
            400: components["responses"]["VALIDATION_FAILED"];
            404: components["responses"]["SALE_NOT_FOUND"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    watchSale: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the sale
                 * @example 1
                 */
                id: components["parameters"]["sales.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Text"];
            400: components["responses"]["VALIDATION_FAILED"];
            404: components["responses"]["SALE_NOT_FOUND"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    listAllSales: {
        parameters: {
            query?: {
                /** @description Items a page */
                limit?: components["parameters"]["limit"];
                /** @description `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description By number: the oldest first (default), or the newest */
                order?: components["parameters"]["order"];
                /** @description Only what came at this time or later */
                from?: components["parameters"]["from"];
                /** @description Only what came before this time */
                to?: components["parameters"]["to"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of sales */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminSalePage"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    createSale: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request for 24 hours: repeated with the same content it has one effect */
                "idempotency-key"?: components["parameters"]["idempotency-key"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Black Friday",
                 *       "starts_at": "2026-11-27T12:00:00.000Z"
                 *     }
                 */
                "application/json": components["schemas"]["CreateSale"];
            };
        };
        responses: {
            /** @description The sale is made */
            201: {
                headers: {
                    /** @description Path of the sale */
                    Location?: string;
                    ETag: components["headers"]["createSale.201.ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminSale"];
                };
            };
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    readSale: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the sale
                 * @example 1
                 */
                id: components["parameters"]["sales.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["AdminSale"];
            404: components["responses"]["SALE_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    changeSale: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what the change is made for; none: whatever it is */
                "if-match"?: components["parameters"]["if-match"];
            };
            path: {
                /**
                 * @description Number of the sale
                 * @example 1
                 */
                id: components["parameters"]["sales.id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "ends_at": "2026-11-28T12:00:00.000Z"
                 *     }
                 */
                "application/json": components["schemas"]["ChangeSale"];
            };
        };
        responses: {
            200: components["responses"]["AdminSale"];
            404: components["responses"]["SALE_NOT_FOUND"];
            /** @description `SALE_STARTED`: The sale has started; `SALE_ENDED`: The sale has ended */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["PRECONDITION_FAILED"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    pauseSale: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the sale
                 * @example 1
                 */
                id: components["parameters"]["sales.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["AdminSale"];
            404: components["responses"]["SALE_NOT_FOUND"];
            409: components["responses"]["SALE_ENDED"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    resumeSale: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the sale
                 * @example 1
                 */
                id: components["parameters"]["sales.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["AdminSale"];
            404: components["responses"]["SALE_NOT_FOUND"];
            409: components["responses"]["SALE_ENDED"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    endSale: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the sale
                 * @example 1
                 */
                id: components["parameters"]["sales.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["AdminSale"];
            404: components["responses"]["SALE_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    createProduct: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request for 24 hours: repeated with the same content it has one effect */
                "idempotency-key"?: components["parameters"]["idempotency-key"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Sneaker",
                 *       "price": "99.99",
                 *       "stock_total": 100
                 *     }
                 */
                "application/json": components["schemas"]["CreateProduct"];
            };
        };
        responses: {
            201: components["responses"]["Product"];
            404: components["responses"]["SALE_NOT_FOUND"];
            /** @description `SKU_TAKEN`: Another product has this SKU */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    readProductBySku: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The SKU of the product, exactly
                 * @example sneaker-42
                 */
                sku: components["parameters"]["by-sku.sku"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["setProductBySku.200"];
            404: components["responses"]["PRODUCT_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    setProductBySku: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what the change is made for; none: whatever it is */
                "if-match"?: components["parameters"]["if-match"];
            };
            path: {
                /**
                 * @description The SKU of the product, exactly
                 * @example sneaker-42
                 */
                sku: components["parameters"]["by-sku.sku"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Sneaker",
                 *       "price": "99.99",
                 *       "stock_total": 100
                 *     }
                 */
                "application/json": components["schemas"]["CreateProduct"];
            };
        };
        responses: {
            200: components["responses"]["setProductBySku.200"];
            201: components["responses"]["Product"];
            404: components["responses"]["SALE_NOT_FOUND"];
            409: components["responses"]["STOCK_BELOW_COMMITTED"];
            412: components["responses"]["PRECONDITION_FAILED"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    readProduct: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the product
                 * @example 1
                 */
                id: components["parameters"]["products.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["setProductBySku.200"];
            404: components["responses"]["PRODUCT_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    changeProduct: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what the change is made for; none: whatever it is */
                "if-match"?: components["parameters"]["if-match"];
            };
            path: {
                /**
                 * @description Number of the product
                 * @example 1
                 */
                id: components["parameters"]["products.id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "stock_total": 150
                 *     }
                 */
                "application/json": components["schemas"]["ChangeProduct"];
            };
        };
        responses: {
            200: components["responses"]["setProductBySku.200"];
            /** @description `PRODUCT_NOT_FOUND`: There is no such product; `SALE_NOT_FOUND`: There is no such sale */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `STOCK_BELOW_COMMITTED`: The stock is below what is held and sold; `SKU_TAKEN`: Another product has this SKU */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["PRECONDITION_FAILED"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    restockProduct: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request for 24 hours: repeated with the same content it has one effect */
                "idempotency-key"?: components["parameters"]["idempotency-key"];
            };
            path: {
                /**
                 * @description Number of the product
                 * @example 1
                 */
                id: components["parameters"]["products.id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "units": 50
                 *     }
                 */
                "application/json": components["schemas"]["Restock"];
            };
        };
        responses: {
            200: components["responses"]["setProductBySku.200"];
            404: components["responses"]["PRODUCT_NOT_FOUND"];
            409: components["responses"]["STOCK_BELOW_COMMITTED"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    createHold: {
        parameters: {
            query?: never;
            header?: {
                /** @description An unguessable text, such as a random UUID: a fresh one for each thing that is wanted. It names this request for 24 hours: repeated with the same body it has one effect, and gets what that made */
                "idempotency-key"?: components["parameters"]["createHold.idempotency-key"];
                /** @description The customer for whom a key with `sell` calls: its holds are his alone */
                "on-behalf-of"?: components["parameters"]["on-behalf-of"];
                /** @description What limits count by, such as a household; by default the customer */
                "buyer-limit-key"?: components["parameters"]["buyer-limit-key"];
                /** @description What the customer belongs to, with commas between */
                "buyer-groups"?: components["parameters"]["buyer-groups"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "product_id": 1,
                 *       "quantity": 1
                 *     }
                 */
                "application/json": components["schemas"]["CreateHold"];
            };
        };
        responses: {
            /** @description The units are reserved */
            201: {
                headers: {
                    Location: components["headers"]["createHold.201.Location"];
                    "ratelimit-limit": components["headers"]["ratelimit-limit"];
                    "ratelimit-remaining": components["headers"]["ratelimit-remaining"];
                    "ratelimit-reset": components["headers"]["ratelimit-reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Hold"];
                };
            };
            400: components["responses"]["VALIDATION_FAILED"];
            /** @description `UNAUTHORIZED`: A valid API key is needed; `BUYER_TOKEN_INVALID`: The token of the buyer is not valid; `BUYER_TOKEN_REQUIRED`: A token of the buyer is needed */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            403: components["responses"]["SCOPE_MISSING"];
            404: components["responses"]["PRODUCT_NOT_FOUND"];
            409: components["responses"]["PRODUCT_NOT_ON_SALE.and.5.more"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            429: components["responses"]["RATE_LIMITED"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    extendHold: {
        parameters: {
            query?: never;
            header?: {
                /** @description An unguessable text, such as a random UUID: a fresh one for each thing that is wanted. It names this request for 24 hours: repeated with the same body it has one effect, and gets what that made */
                "idempotency-key"?: components["parameters"]["createHold.idempotency-key"];
                /** @description The customer for whom a key with `sell` calls: its holds are his alone */
                "on-behalf-of"?: components["parameters"]["on-behalf-of"];
                /** @description What limits count by, such as a household; by default the customer */
                "buyer-limit-key"?: components["parameters"]["buyer-limit-key"];
                /** @description What the customer belongs to, with commas between */
                "buyer-groups"?: components["parameters"]["buyer-groups"];
            };
            path: {
                /**
                 * @description UUIDv7 of the hold; who knows it may read, order and give back
                 * @example 019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11
                 */
                hold_id: components["parameters"]["holds.hold_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The hold has more time */
            200: {
                headers: {
                    "ratelimit-limit": components["headers"]["ratelimit-limit"];
                    "ratelimit-remaining": components["headers"]["ratelimit-remaining"];
                    "ratelimit-reset": components["headers"]["ratelimit-reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Extension"];
                };
            };
            400: components["responses"]["VALIDATION_FAILED"];
            401: components["responses"]["UNAUTHORIZED.BUYER_TOKEN_INVALID"];
            403: components["responses"]["SCOPE_MISSING"];
            404: components["responses"]["HOLD_NOT_FOUND"];
            /** @description `HOLD_NOT_EXTENDABLE`: The hold can not be extended */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            429: components["responses"]["RATE_LIMITED"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    makeHold: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request for 24 hours: repeated with the same content it has one effect */
                "idempotency-key"?: components["parameters"]["idempotency-key"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "product_id": 1,
                 *       "quantity": 2,
                 *       "customer_id": "c_42",
                 *       "expires_at": "2026-11-28T12:00:00.000Z"
                 *     }
                 */
                "application/json": components["schemas"]["CreateHandMadeHold"];
            };
        };
        responses: {
            /** @description The units are reserved */
            201: {
                headers: {
                    Location: components["headers"]["createHold.201.Location"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HandMadeHold"];
                };
            };
            404: components["responses"]["PRODUCT_NOT_FOUND"];
            409: components["responses"]["PRODUCT_NOT_ON_SALE.and.5.more"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    createOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description An unguessable text, such as a random UUID: a fresh one for each thing that is wanted. It names this request for 24 hours: repeated with the same body it has one effect, and gets what that made */
                "idempotency-key"?: components["parameters"]["createHold.idempotency-key"];
                /** @description The customer for whom a key with `sell` calls: its holds are his alone */
                "on-behalf-of"?: components["parameters"]["on-behalf-of"];
                /** @description What limits count by, such as a household; by default the customer */
                "buyer-limit-key"?: components["parameters"]["buyer-limit-key"];
                /** @description What the customer belongs to, with commas between */
                "buyer-groups"?: components["parameters"]["buyer-groups"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "hold_id": "019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11",
                 *       "reference": "A-1001"
                 *     }
                 */
                "application/json": components["schemas"]["CreateOrder"];
            };
        };
        responses: {
            /** @description The order waits for its payment */
            201: {
                headers: {
                    /** @description Path of the hold, with its order */
                    Location?: string;
                    "ratelimit-limit": components["headers"]["ratelimit-limit"];
                    "ratelimit-remaining": components["headers"]["ratelimit-remaining"];
                    "ratelimit-reset": components["headers"]["ratelimit-reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["VALIDATION_FAILED"];
            401: components["responses"]["UNAUTHORIZED.BUYER_TOKEN_INVALID"];
            /** @description `SCOPE_MISSING`: The API key may not do this; `ADJUSTMENTS_NOT_TRUSTED`: This caller may not say what an order costs */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: components["responses"]["HOLD_NOT_FOUND"];
            /** @description `HOLD_ALREADY_USED`: An order was already made of this hold; `AMOUNT_MISMATCH`: What was paid is not what is due; `PAYMENT_ALREADY_USED`: The payment is known already */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `HOLD_EXPIRED`: The hold is no longer active */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            429: components["responses"]["RATE_LIMITED"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    getHold: {
        parameters: {
            query?: never;
            header?: {
                /** @description The customer for whom a key with `sell` calls: its holds are his alone */
                "on-behalf-of"?: components["parameters"]["on-behalf-of"];
                /** @description What limits count by, such as a household; by default the customer */
                "buyer-limit-key"?: components["parameters"]["buyer-limit-key"];
                /** @description What the customer belongs to, with commas between */
                "buyer-groups"?: components["parameters"]["buyer-groups"];
            };
            path: {
                /**
                 * @description UUIDv7 of the hold; who knows it may read, order and give back
                 * @example 019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11
                 */
                hold_id: components["parameters"]["holds.hold_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The hold */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HoldWithOrder"];
                };
            };
            400: components["responses"]["VALIDATION_FAILED"];
            401: components["responses"]["UNAUTHORIZED.BUYER_TOKEN_INVALID"];
            403: components["responses"]["SCOPE_MISSING"];
            404: components["responses"]["HOLD_NOT_FOUND"];
            429: components["responses"]["RATE_LIMITED"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    giveBackHold: {
        parameters: {
            query?: never;
            header?: {
                /** @description The customer for whom a key with `sell` calls: its holds are his alone */
                "on-behalf-of"?: components["parameters"]["on-behalf-of"];
                /** @description What limits count by, such as a household; by default the customer */
                "buyer-limit-key"?: components["parameters"]["buyer-limit-key"];
                /** @description What the customer belongs to, with commas between */
                "buyer-groups"?: components["parameters"]["buyer-groups"];
            };
            path: {
                /**
                 * @description UUIDv7 of the hold; who knows it may read, order and give back
                 * @example 019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11
                 */
                hold_id: components["parameters"]["holds.hold_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The units are available again */
            204: {
                headers: {
                    "ratelimit-limit": components["headers"]["ratelimit-limit"];
                    "ratelimit-remaining": components["headers"]["ratelimit-remaining"];
                    "ratelimit-reset": components["headers"]["ratelimit-reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["VALIDATION_FAILED"];
            401: components["responses"]["UNAUTHORIZED.BUYER_TOKEN_INVALID"];
            403: components["responses"]["SCOPE_MISSING"];
            404: components["responses"]["HOLD_NOT_FOUND"];
            409: components["responses"]["ORDER_ALREADY_PAID"];
            429: components["responses"]["RATE_LIMITED"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    makePaymentAnew: {
        parameters: {
            query?: never;
            header?: {
                /** @description The customer for whom a key with `sell` calls: its holds are his alone */
                "on-behalf-of"?: components["parameters"]["on-behalf-of"];
                /** @description What limits count by, such as a household; by default the customer */
                "buyer-limit-key"?: components["parameters"]["buyer-limit-key"];
                /** @description What the customer belongs to, with commas between */
                "buyer-groups"?: components["parameters"]["buyer-groups"];
            };
            path: {
                /**
                 * @description UUIDv7 of the hold; who knows it may read, order and give back
                 * @example 019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11
                 */
                hold_id: components["parameters"]["holds.hold_id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the buyer pays by now */
            200: {
                headers: {
                    "ratelimit-limit": components["headers"]["ratelimit-limit"];
                    "ratelimit-remaining": components["headers"]["ratelimit-remaining"];
                    "ratelimit-reset": components["headers"]["ratelimit-reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            400: components["responses"]["VALIDATION_FAILED"];
            401: components["responses"]["UNAUTHORIZED.BUYER_TOKEN_INVALID"];
            403: components["responses"]["SCOPE_MISSING"];
            404: components["responses"]["HOLD_NOT_FOUND"];
            /** @description `PAYMENT_NOT_POSSIBLE`: The order has no payment to be made */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            429: components["responses"]["RATE_LIMITED"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    listRefunds: {
        parameters: {
            query?: {
                /** @description Only those in this state */
                status?: "due" | "sent" | "confirmed" | "failed";
                /** @description Items a page */
                limit?: components["parameters"]["limit"];
                /** @description `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description By number: the oldest first (default), or the newest */
                order?: components["parameters"]["order"];
                /** @description Only what came at this time or later */
                from?: components["parameters"]["from"];
                /** @description Only what came before this time */
                to?: components["parameters"]["to"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of refunds */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundPage"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    sendRefund: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the refund */
                id: components["parameters"]["refunds.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Refund"];
            404: components["responses"]["REFUND_NOT_FOUND"];
            /** @description `REFUND_STATUS_CONFLICT`: The refund is in another state; `REFUND_NOT_SENDABLE`: The provider of the payment can not send refunds */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    markRefundSent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the refund */
                id: components["parameters"]["refunds.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Refund"];
            404: components["responses"]["REFUND_NOT_FOUND"];
            /** @description `REFUND_STATUS_CONFLICT`: The refund is in another state */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    confirmRefund: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the refund */
                id: components["parameters"]["refunds.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Refund"];
            404: components["responses"]["REFUND_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    failRefund: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the refund */
                id: components["parameters"]["refunds.id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "The account is closed"
                 *     }
                 */
                "application/json": components["schemas"]["FailRefund"];
            };
        };
        responses: {
            200: components["responses"]["Refund"];
            404: components["responses"]["REFUND_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    sendPaymentNotice: {
        parameters: {
            query?: never;
            header?: {
                /** @description Standard Webhooks: id of the message */
                "webhook-id"?: components["parameters"]["webhook-id"];
                /** @description Standard Webhooks: seconds since 1970, at most 300 from now */
                "webhook-timestamp"?: components["parameters"]["webhook-timestamp"];
                /** @description Standard Webhooks: `v1,<base64>`, several separated by blanks */
                "webhook-signature"?: components["parameters"]["webhook-signature"];
                /** @description Stripe: `t=<seconds>,v1=<hex>` */
                "stripe-signature"?: components["parameters"]["stripe-signature"];
                /** @description Hex HMAC-SHA256 of the body, with or without `sha256=` */
                "x-webhook-signature"?: components["parameters"]["x-webhook-signature"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "order_id": 1,
                 *       "status": "success",
                 *       "transaction_id": "txn_1001"
                 *     }
                 */
                "application/json": components["schemas"]["PaymentNotice"];
            };
        };
        responses: {
            200: components["responses"]["PaymentAnswer"];
            /** @description The notice is stored and waits for its order */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PendingPayment"];
                };
            };
            400: components["responses"]["VALIDATION_FAILED"];
            401: components["responses"]["SIGNATURE_INVALID"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    sendProviderNotice: {
        parameters: {
            query?: never;
            header?: {
                /** @description Standard Webhooks: id of the message */
                "webhook-id"?: components["parameters"]["webhook-id"];
                /** @description Standard Webhooks: seconds since 1970, at most 300 from now */
                "webhook-timestamp"?: components["parameters"]["webhook-timestamp"];
                /** @description Standard Webhooks: `v1,<base64>`, several separated by blanks */
                "webhook-signature"?: components["parameters"]["webhook-signature"];
                /** @description Stripe: `t=<seconds>,v1=<hex>` */
                "stripe-signature"?: components["parameters"]["stripe-signature"];
                /** @description Hex HMAC-SHA256 of the body, with or without `sha256=` */
                "x-webhook-signature"?: components["parameters"]["x-webhook-signature"];
            };
            path: {
                /**
                 * @description Name of the provider
                 * @example stripe
                 */
                provider: string;
            };
            cookie?: never;
        };
        /** @description The event as its provider documents it */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
                 *       "object": "event",
                 *       "type": "payment_intent.succeeded",
                 *       "created": 1795773598,
                 *       "data": {
                 *         "object": {
                 *           "id": "pi_3MtwBwLkdIwHu7ix28a3tqPa",
                 *           "object": "payment_intent",
                 *           "amount_received": 19998,
                 *           "currency": "eur",
                 *           "metadata": {
                 *             "payment_reference": "1-rsinnsmf3vnuoj3k"
                 *           }
                 *         }
                 *       }
                 *     }
                 */
                "application/json": unknown;
            };
        };
        responses: {
            200: components["responses"]["PaymentAnswer"];
            400: components["responses"]["VALIDATION_FAILED"];
            401: components["responses"]["SIGNATURE_INVALID"];
            /** @description `PROVIDER_NOT_FOUND`: There is no such payment provider */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            503: components["responses"]["OVERLOADED.UNAVAILABLE"];
        };
    };
    listPaymentEvents: {
        parameters: {
            query?: {
                /** @description Only those in this state */
                status?: "processed" | "pending_order" | "unmatched" | "review";
                /** @description Items a page */
                limit?: components["parameters"]["limit"];
                /** @description `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description By number: the oldest first (default), or the newest */
                order?: components["parameters"]["order"];
                /** @description Only what came at this time or later */
                from?: components["parameters"]["from"];
                /** @description Only what came before this time */
                to?: components["parameters"]["to"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of payment events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentEventPage"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    replayPaymentEvent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the payment event */
                id: components["parameters"]["webhooks.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["PaymentEvent"];
            404: components["responses"]["PAYMENT_EVENT_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    refundPaymentEvent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the payment event */
                id: components["parameters"]["webhooks.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["PaymentEvent"];
            404: components["responses"]["PAYMENT_EVENT_NOT_FOUND"];
            /** @description `PAYMENT_EVENT_NOT_OWED`: The payment event is about no money that could be owed back */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    acceptPaymentEvent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the payment event */
                id: components["parameters"]["webhooks.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["PaymentEvent"];
            404: components["responses"]["PAYMENT_EVENT_NOT_FOUND"];
            /** @description `PAYMENT_EVENT_NOT_ACCEPTABLE`: The payment event can not be accepted */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    eraseCustomer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The shop’s name of the customer */
                customer_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Nothing names the customer any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `CUSTOMER_IS_ACTIVE`: The customer has holds or unpaid orders */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    listOrders: {
        parameters: {
            query?: {
                /** @description Only those in this state */
                status?: "pending_payment" | "paid" | "cancelled" | "refund_due" | "refunded";
                /** @description Only those of this product */
                product_id?: number;
                /** @description The same by its SKU */
                sku?: string;
                /** @description Only those under this sale */
                sale_id?: number;
                /** @description Only those of this customer, exactly */
                customer_id?: string;
                /** @description Only those with this reference, exactly */
                reference?: string;
                /** @description Only those that this payment is for */
                transaction_id?: string;
                /**
                 * @description Only the one of this hold
                 * @example 019a7c5e-3f10-7c4e-9b1d-2f6a8e0c4d11
                 */
                hold_id?: string;
                /** @description Only the one with this reference */
                payment_reference?: string;
                /** @description Only those of which a payment is disputed */
                disputed?: "true";
                /** @description Items a page */
                limit?: components["parameters"]["limit"];
                /** @description `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
                /** @description By number: the oldest first (default), or the newest */
                order?: components["parameters"]["order"];
                /** @description Only what came at this time or later */
                from?: components["parameters"]["from"];
                /** @description Only what came before this time */
                to?: components["parameters"]["to"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of orders */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminOrderPage"];
                    "text/csv": string;
                };
            };
            404: components["responses"]["PRODUCT_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    readOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the order */
                id: components["parameters"]["orders.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["AdminOrderDetail"];
            404: components["responses"]["ORDER_NOT_FOUND"];
            default: components["responses"]["VALIDATION_FAILED.and.5.more"];
        };
    };
    cancelOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the order */
                id: components["parameters"]["orders.id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["AdminOrderDetail"];
            404: components["responses"]["ORDER_NOT_FOUND"];
            409: components["responses"]["ORDER_ALREADY_PAID"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
    returnOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request for 24 hours: repeated with the same content it has one effect */
                "idempotency-key"?: components["parameters"]["idempotency-key"];
            };
            path: {
                /** @description Number of the order */
                id: components["parameters"]["orders.id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "quantity": 1,
                 *       "restock": true
                 *     }
                 */
                "application/json": components["schemas"]["Return"];
            };
        };
        responses: {
            200: components["responses"]["AdminOrderDetail"];
            404: components["responses"]["ORDER_NOT_FOUND"];
            /** @description `ORDER_NOT_PAID`: The order was never paid; `NOTHING_TO_RETURN`: All units of the order have come back; `QUANTITY_NOT_RETURNABLE`: So many units can not be returned */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: components["responses"]["IDEMPOTENCY_KEY_REUSED"];
            default: components["responses"]["VALIDATION_FAILED.and.7.more"];
        };
    };
}
type WithRequired<T, K extends keyof T> = T & {
    [P in K]-?: T[P];
};
