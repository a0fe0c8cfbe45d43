/** What an operator has to know before all else. The bounds are those of the alerts (docs/operating.md). */
import { linkTo } from './router.js';
import type { Overview } from './types.js';

export interface Worry {
  readonly text: string;
  /** Where something can be done about it. */
  readonly to?: string;
}

const HOLDS_OVERDUE_SECONDS = 15;
const ORDERS_OVERDUE_SECONDS = 60;
const EVENTS_OVERDUE_SECONDS = 15;
const ANSWER_SLOW_MS = 1000;

export function worriesOf(overview: Overview): Worry[] {
  const { overdue_seconds: overdue, rates, jobs } = overview;
  const found: (Worry | false)[] = [
    overview.stock_drift > 0 && { text: `The stock does not add up, by ${count(overview.stock_drift, 'unit')}.` },
    troubleOf(rates?.refusals ?? {}) > 0 && { text: 'Buyers are refused because the service or its database is away.' },
    (rates?.answer_p99_ms ?? 0) > ANSWER_SLOW_MS && { text: 'One answer in a hundred takes longer than a second.' },
    overview.payments_in_review > 0 && {
      text: `${count(overview.payments_in_review, 'payment')} to look at: money came, and nobody knows what for.`,
      to: linkTo('payment-events', { status: 'review' }),
    },
    overview.refunds_due > 0 && {
      text: `${count(overview.refunds_due, 'refund')} due: buyers wait for their money.`,
      to: linkTo('refunds', { status: 'due' }),
    },
    overview.disputes_open > 0 && {
      text: `${count(overview.disputes_open, 'dispute')} open: the bank waits for an answer at the payment provider.`,
      to: linkTo('orders', { disputed: 'true' }),
    },
    overdue.holds > HOLDS_OVERDUE_SECONDS && {
      text: 'Expired holds are not released: units are missing from the sale.',
    },
    overdue.orders > ORDERS_OVERDUE_SECONDS && {
      text: 'Unpaid orders are not cancelled: their units are missing from the sale.',
    },
    overdue.events > EVENTS_OVERDUE_SECONDS && { text: 'Events get no number: nobody is told of what happens.' },
    overview.endpoints_failing > 0 && {
      text: `${count(overview.endpoints_failing, 'endpoint')} of the shop take nothing: it is not told of what happens.`,
      to: linkTo('endpoints'),
    },
    jobs === null && { text: 'Redis is away: the database answers alone.' },
    (jobs?.failed ?? 0) > 0 && {
      text: `${count(jobs!.failed, 'job')} failed for good; see the queue board.`,
      to: '/admin/queues',
    },
    rates?.is_whole === false && { text: 'Rates are those of one instance, while Redis is away.' },
  ];
  return found.filter((worry) => worry !== false);
}

const TROUBLE = ['OVERLOADED', 'UNAVAILABLE', 'INTERNAL_ERROR', 'error'];

function troubleOf(refusals: Readonly<Record<string, number>>): number {
  return TROUBLE.reduce((sum, code) => sum + (refusals[code] ?? 0), 0);
}

function count(value: number, what: string): string {
  return `${value.toLocaleString()} ${what}${value === 1 ? '' : 's'}`;
}
