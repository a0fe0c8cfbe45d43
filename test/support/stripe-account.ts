import type { ApiAnswer, ApiEvent, ApiIntent, ApiRefund, ApiSession, Fields } from './stripe-objects.js';

/** What was paid by a payment that this account has no PaymentIntent of: tests of refunds make none. */
const PAID_BEFORE = 9999;

/** The least that a card may be charged, in cents. */
const AMOUNT_MIN = 50;

const DAY_SECONDS = 86_400;

/** What Stripe knows of one account: its payments, pages, refunds and events, and which state follows which. */
export class StripeAccount {
  /** In the order they were made. */
  readonly refunds: ApiRefund[] = [];
  readonly intents: ApiIntent[] = [];
  readonly sessions: ApiSession[] = [];
  readonly events: ApiEvent[] = [];
  /** Whether the shop's balance is too low to give anything back. */
  isBalanceLow = false;
  private readonly paid = new Map<string, number>();
  private readonly disputed = new Set<string>();
  private hours = 0;

  get hour(): number {
    return this.hours;
  }

  passHours(hours: number): void {
    this.hours += hours;
    const overdue = this.sessions.filter(({ status, expires_at }) => status === 'open' && expires_at <= this.now());
    for (const session of overdue) this.expire(session);
  }

  /** What was paid, in the currency's smallest unit; 9999 unless this says otherwise. */
  setPaid(intent: string, amount: number): void {
    this.paid.set(intent, amount);
  }

  /** What has gone back of a payment and stayed there. */
  givenBackOf(intent: string): number {
    const kept = this.refunds.filter((refund) => refund.payment_intent === intent && !isReturned(refund));
    return kept.reduce((sum, { amount }) => sum + amount, 0);
  }

  makeRefund(payment_intent: string, amount: number, metadata: ApiRefund['metadata'] = {}): ApiRefund {
    const id = `re_${this.refunds.length + 1}`;
    const money = { amount, currency: this.intentOf(payment_intent)?.currency ?? 'eur' };
    const refund: ApiRefund = { id, object: 'refund', payment_intent, ...money, metadata, status: 'pending' };
    this.refunds.push(refund);
    this.emit('refund.created', refund);
    this.emit('charge.refunded', this.chargeOf(payment_intent));
    return refund;
  }

  /** The buyer has a refund. */
  refundArrives(id: string): void {
    this.endRefund(id, 'refund.updated', { status: 'succeeded' });
  }

  /** The buyer's bank sends a refund back, also days after it was made. */
  returnByBank(id: string): void {
    this.endRefund(id, 'refund.failed', { status: 'failed', failure_reason: 'lost_or_stolen_card' });
  }

  refund({ payment_intent: id = '', amount, ...rest }: Fields): ApiAnswer {
    const intent = this.intentOf(id);
    if (intent !== undefined && intent.status !== 'succeeded')
      return invalid(`This PaymentIntent (${id}) does not have a successful charge to refund.`);
    const left = (this.paid.get(id) ?? intent?.amount_received ?? PAID_BEFORE) - this.givenBackOf(id);
    const wanted = amount === undefined ? left : Number(amount);
    if (left === 0) return invalid('Charge ch_1 has already been refunded.', 'charge_already_refunded');
    if (wanted > left) return invalid(`Refund amount (${wanted}) is greater than unrefunded amount (${left})`);
    if (this.isBalanceLow) return invalid('Insufficient funds in your balance.', 'balance_insufficient');
    return answer(this.makeRefund(id, wanted, nestedIn(rest, 'metadata')));
  }

  /** An intent that waits for its buyer, made in no time. */
  putIntent(id: string): void {
    const intent = this.makeIntent(PAID_BEFORE, 'eur', {});
    Object.assign(intent, { id, client_secret: `${id}_secret` });
  }

  createIntent(fields: Fields): ApiAnswer {
    const { currency = '', amount = '' } = fields;
    const fault = faultOf(amount, currency);
    return fault ?? answer(this.makeIntent(Number(amount), currency, nestedIn(fields, 'metadata')));
  }

  cancelIntent(id: string): ApiAnswer {
    const intent = this.intentOf(id);
    if (intent === undefined) return missing('payment_intent', id);
    if (this.sessions.some(({ payment_intent }) => payment_intent === id))
      return invalid("You can't cancel the PaymentIntent for a Checkout Session. Expire the Checkout Session instead.");
    if (intent.status !== 'requires_payment_method') return unexpectedState(intent, 'cancel');
    intent.status = 'canceled';
    this.emit('payment_intent.canceled', intent);
    return answer(intent);
  }

  createSession(fields: Fields): ApiAnswer {
    const item = (name: string): string => fields[`line_items[0][price_data][${name}]`] ?? '';
    const fault = faultOf(item('unit_amount'), item('currency'));
    if (fault !== null) return fault;
    const { mode, success_url = '', expires_at } = fields;
    if (mode !== 'payment' || success_url === '') return invalid('Missing required param: success_url.');
    const until = expires_at === undefined ? this.now() + DAY_SECONDS : Number(expires_at);
    if (until < this.now() + 1800 || until > this.now() + DAY_SECONDS)
      return invalid(
        'The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.',
      );
    const id = `cs_test_${this.sessions.length + 1}`;
    const session: ApiSession = {
      ...{ id, object: 'checkout.session', livemode: false, success_url, created: this.now(), expires_at: until },
      ...{ amount_total: Number(item('unit_amount')), currency: item('currency') },
      ...{ metadata: nestedIn(fields, 'metadata'), payment_intent: null, payment_status: 'unpaid', status: 'open' },
      url: `https://checkout.stripe.com/c/pay/${id}`,
    };
    this.sessions.push(session);
    this.metadataOfIntents.set(id, nestedIn(fields, 'payment_intent_data[metadata]'));
    return answer(session);
  }

  expireSession(id: string): ApiAnswer {
    const session = this.sessionOf(id);
    if (session === undefined) return missing('checkout.session', id);
    if (session.status !== 'open')
      return invalid(`Only Checkout Sessions with a status in ["open"] can be expired. This has ${session.status}.`);
    return answer(this.expire(session));
  }

  read(id: string, { 'expand[0]': wanted }: Fields = {}): ApiAnswer {
    const [intent, session] = [this.intentOf(id), this.sessionOf(id)];
    if (intent !== undefined) return answer(wanted === 'latest_charge' ? this.withCharge(intent) : intent);
    if (session !== undefined) return answer(wanted === 'payment_intent' ? this.withIntent(session) : session);
    return missing('resource', id);
  }

  private withIntent(session: ApiSession): object {
    return { ...session, payment_intent: this.intentOf(session.payment_intent ?? '') ?? null };
  }

  /** What an intent is shown with to who asks for its charge, too. */
  private withCharge(intent: ApiIntent): object {
    const { id, status } = intent;
    const latest_charge = status === 'succeeded' ? { ...this.chargeOf(id), disputed: this.disputed.has(id) } : null;
    return { ...intent, latest_charge };
  }

  private chargeOf(intent: string): object {
    const { currency = 'eur', metadata = {} } = this.intentOf(intent) ?? {};
    const money = { currency, amount_refunded: this.givenBackOf(intent) };
    return { id: `ch_${intent}`, object: 'charge', payment_intent: intent, ...money, metadata };
  }

  /** Newest first, in pages. */
  list(kind: 'refunds' | 'intents' | 'sessions', fields: Fields): ApiAnswer {
    const { payment_intent, starting_after, limit = '10', 'created[gte]': since = '0' } = fields;
    const all = [...this[kind]].reverse().filter((one) => {
      if ('created' in one && one.created < Number(since)) return false;
      return payment_intent === undefined || ('payment_intent' in one && one.payment_intent === payment_intent);
    });
    const rest = all.slice(all.findIndex(({ id }) => id === starting_after) + 1);
    const isExpanded = fields['expand[0]'] === 'data.latest_charge';
    const data = rest.slice(0, Number(limit)).map((one) => (isExpanded ? this.withCharge(one as ApiIntent) : one));
    return answer({ object: 'list', url: `/v1/${kind}`, data, has_more: rest.length > data.length });
  }

  /** By metadata alone, which is all that is asked for; what was made within the last minute is not found. */
  search({ query = '' }: Fields): ApiAnswer {
    const [, name = '', value] = /^metadata\['(\w+)'\]:'([^']*)'$/.exec(query) ?? [];
    if (value === undefined) return invalid(`We were unable to parse your search query: ${query}`);
    const data = this.intents
      .filter(({ metadata, created }) => metadata[name] === value && created + 60 <= this.now())
      .reverse();
    return answer({ object: 'search_result', url: '/v1/payment_intents/search', data, has_more: false });
  }

  /** The buyer pays with a card. @returns false where that can not be done any more. */
  pay(id: string): boolean {
    return this.confirm(id, (intent, session) => this.succeed(intent, session));
  }

  /** The buyer's card is declined; another try may follow. */
  decline(id: string, code = 'card_declined'): boolean {
    return this.confirm(id, (intent) => {
      intent.last_payment_error = { code, message: 'Your card was declined.', type: 'card_error' };
      this.emit('payment_intent.payment_failed', intent);
    });
  }

  /** The buyer pays by bank debit, which takes days. */
  payByDebit(id: string): boolean {
    return this.confirm(id, (intent, session) => {
      intent.status = 'processing';
      this.emit('payment_intent.processing', intent);
      if (session !== undefined) this.complete(session);
    });
  }

  /** What the bank says of a debit at its end. */
  endDebit(id: string, isPaid: boolean): void {
    const session = this.sessionOf(id);
    const intent = this.intentOf(session?.payment_intent ?? id)!;
    if (isPaid) this.succeed(intent, session, 'checkout.session.async_payment_succeeded');
    else {
      intent.status = 'requires_payment_method';
      this.emit('payment_intent.payment_failed', intent);
      if (session !== undefined) this.emit('checkout.session.async_payment_failed', session);
    }
  }

  /** The buyer disputes a payment at the bank. */
  dispute(id: string): void {
    const { amount, currency } = this.intentOf(id)!;
    this.disputed.add(id);
    const dispute = { id: `dp_${id}`, object: 'dispute', payment_intent: id, charge: `ch_${id}`, amount, currency };
    this.emit('charge.dispute.created', { ...dispute, metadata: {}, reason: 'fraudulent', status: 'needs_response' });
  }

  private endRefund(id: string, type: string, end: Pick<ApiRefund, 'status' | 'failure_reason'>): void {
    const refund = this.refunds.find((candidate) => candidate.id === id)!;
    this.emit(type, Object.assign(refund, end));
  }

  private readonly metadataOfIntents = new Map<string, Readonly<Record<string, string>>>();

  private confirm(id: string, act: (intent: ApiIntent, session: ApiSession | undefined) => void): boolean {
    const session = this.sessionOf(id);
    if (session !== undefined && session.status !== 'open') return false;
    if (session !== undefined && session.payment_intent === null) {
      const { amount_total, currency } = session;
      session.payment_intent = this.makeIntent(amount_total, currency, this.metadataOfIntents.get(id)!).id;
    }
    const intent = this.intentOf(session?.payment_intent ?? id);
    if (intent?.status !== 'requires_payment_method') return false;
    act(intent, session);
    return true;
  }

  private succeed(intent: ApiIntent, session?: ApiSession, type = 'checkout.session.completed'): void {
    Object.assign(intent, { status: 'succeeded', amount_received: intent.amount, last_payment_error: null });
    this.emit('payment_intent.succeeded', intent);
    if (session === undefined) return;
    session.payment_status = 'paid';
    this.complete(session, type);
  }

  private complete(session: ApiSession, type = 'checkout.session.completed'): void {
    Object.assign(session, { status: 'complete', url: null });
    this.emit(type, session);
  }

  private expire(session: ApiSession): ApiSession {
    Object.assign(session, { status: 'expired', url: null });
    this.emit('checkout.session.expired', session);
    return session;
  }

  private makeIntent(amount: number, currency: string, metadata: ApiIntent['metadata']): ApiIntent {
    const id = `pi_made_${this.intents.length + 1}`;
    const intent: ApiIntent = {
      ...{ id, object: 'payment_intent', amount, currency, metadata, created: this.now(), livemode: false },
      ...{ client_secret: `${id}_secret_of_the_buyer`, amount_received: 0, status: 'requires_payment_method' },
      last_payment_error: null,
    };
    this.intents.push(intent);
    return intent;
  }

  private emit(type: string, subject: object): void {
    const id = `evt_made_${this.events.length + 1}`;
    const object = structuredClone(subject);
    this.events.push({ id, object: 'event', type, created: this.now(), livemode: false, data: { object } });
  }

  private intentOf(id: string): ApiIntent | undefined {
    return this.intents.find((intent) => intent.id === id);
  }

  private sessionOf(id: string): ApiSession | undefined {
    return this.sessions.find((session) => session.id === id);
  }

  private now(): number {
    return Math.floor(Date.now() / 1000) + this.hours * 3600;
  }
}

/** An error as Stripe's API writes it. */
export function apiError(status: number, type: string, message: string, code?: string, more: object = {}): ApiAnswer {
  return { status, body: { error: { type, message, ...(code !== undefined && { code }), ...more } } };
}

const invalid = (message: string, code?: string, more?: object): ApiAnswer =>
  apiError(400, 'invalid_request_error', message, code, more);

const missing = (what: string, id: string): ApiAnswer =>
  apiError(404, 'invalid_request_error', `No such ${what}: '${id}'`, 'resource_missing');

function unexpectedState(intent: ApiIntent, verb: string): ApiAnswer {
  const message = `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`;
  return invalid(message, 'payment_intent_unexpected_state', { payment_intent: { ...intent } });
}

/** The answer is what stood when it was given, whatever becomes of it later. */
function answer(body: object): ApiAnswer {
  return { status: 200, body: structuredClone(body) };
}

function faultOf(amount: string, currency: string): ApiAnswer | null {
  if (!/^[a-z]{3}$/.test(currency)) return invalid('Missing required param: currency.', 'parameter_missing');
  if (!/^[1-9][0-9]*$/.test(amount)) return invalid(`Invalid integer: ${amount}`, 'parameter_invalid_integer');
  return Number(amount) < AMOUNT_MIN ? invalid('Amount must be at least €0.50 eur', 'amount_too_small') : null;
}

/** The fields of a nested one, such as `metadata[refund_id]`, by their own names. */
function nestedIn(fields: Fields, name: string): Record<string, string> {
  const own = Object.entries(fields).filter(([key]) => key.startsWith(`${name}[`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(name.length + 1, -1), value]));
}

function isReturned({ status }: ApiRefund): boolean {
  return status === 'failed' || status === 'canceled';
}
