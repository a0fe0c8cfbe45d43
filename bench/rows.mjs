// Every row of the benchmark, in the order of the table. A row is one file in rows/ and one entry here:
//
//   { name, isQuick?, countsHolds?,
//     setUp(stand): contestants, measured in turns,    figures(runs): what it says }
//   or, when turns are not what it needs,   run(stand, timing): { runs, figures }

import { beforeTheStart } from './rows/before-the-start.mjs';
import { buyerTokens } from './rows/buyer-tokens.mjs';
import { checkouts } from './rows/checkouts.mjs';
import { customerLimits } from './rows/customer-limits.mjs';
import { deliveries } from './rows/deliveries.mjs';
import { eventCost } from './rows/event-cost.mjs';
import { eventFeed } from './rows/event-feed.mjs';
import { expiryBurst } from './rows/expiry-burst.mjs';
import { expiryLag } from './rows/expiry-lag.mjs';
import { hot } from './rows/hot.mjs';
import { idle } from './rows/idle.mjs';
import { idleSweep } from './rows/idle-sweep.mjs';
import { keyedHolds } from './rows/keyed-holds.mjs';
import { listeners } from './rows/listeners.mjs';
import { manyProducts } from './rows/many-products.mjs';
import { memory } from './rows/memory.mjs';
import { metrics } from './rows/metrics.mjs';
import { oldHolds } from './rows/old-holds.mjs';
import { openSale } from './rows/open-sale.mjs';
import { overload } from './rows/overload.mjs';
import { reads } from './rows/reads.mjs';
import { sessionPace } from './rows/session-pace.mjs';
import { sessions } from './rows/sessions.mjs';
import { signedNotices } from './rows/signed-notices.mjs';
import { slowClients } from './rows/slow-clients.mjs';
import { slowCommit } from './rows/slow-commit.mjs';
import { soldOut } from './rows/sold-out.mjs';
import { tracing } from './rows/tracing.mjs';
import { workers } from './rows/workers.mjs';

export const rows = [
  ...[hot, idle, manyProducts, checkouts, soldOut, reads, oldHolds, slowCommit, overload, memory],
  ...[expiryBurst, expiryLag, idleSweep, keyedHolds, signedNotices],
  ...[openSale, beforeTheStart, buyerTokens, customerLimits],
  ...[eventCost, deliveries, eventFeed],
  ...[sessions, sessionPace],
  ...[metrics, tracing, workers, slowClients, listeners],
];
