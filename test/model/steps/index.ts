import fc from 'fast-check';
import { cancel, confirmRefund, takeBack } from './aftersales.js';
import { hold, holdByHand, holdWithKey, rush } from './holding.js';
import { limit, limitSale } from './limiting.js';
import { extend, giveBack, read } from './keeping.js';
import { actOnSale, archive, changePrice, letEarly, move, restock } from './operating.js';
import { order } from './ordering.js';
import { pay, payEarly } from './paying.js';
import { end, expire, missDeadline, releaseExpired, start, startEarly } from './time.js';

/** All that can happen, and how often: a new kind of step is one file and a line here. */
const WEIGHTS = [
  { weight: 10, arbitrary: hold },
  { weight: 3, arbitrary: holdWithKey },
  { weight: 5, arbitrary: rush },
  { weight: 3, arbitrary: holdByHand },
  { weight: 10, arbitrary: order },
  { weight: 14, arbitrary: pay },
  { weight: 2, arbitrary: payEarly },
  { weight: 3, arbitrary: cancel },
  { weight: 7, arbitrary: takeBack },
  { weight: 2, arbitrary: confirmRefund },
  { weight: 5, arbitrary: extend },
  { weight: 4, arbitrary: giveBack },
  { weight: 3, arbitrary: read },
  { weight: 5, arbitrary: expire },
  { weight: 2, arbitrary: releaseExpired },
  { weight: 4, arbitrary: missDeadline },
  { weight: 3, arbitrary: restock },
  { weight: 1, arbitrary: changePrice },
  { weight: 1, arbitrary: archive },
  { weight: 2, arbitrary: limit },
  { weight: 3, arbitrary: limitSale },
  { weight: 2, arbitrary: move },
  { weight: 4, arbitrary: actOnSale },
  { weight: 2, arbitrary: letEarly },
  { weight: 3, arbitrary: startEarly },
  { weight: 2, arbitrary: start },
  { weight: 1, arbitrary: end },
];

export const anyStep = fc.oneof(...WEIGHTS);
