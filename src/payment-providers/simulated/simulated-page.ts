import { createHash } from 'node:crypto';
import { decimalsOf, fromThousandths, isSameAmount } from '../../common/money.js';
import { leftOf } from './simulated-account.js';
import type { SimulatedAction, SimulatedPayment, SimulatedRefund } from './simulated-payment.js';

/**
 * Colours are pairs that differ by 4.5 to 1 at least, in light and in dark. One column; the one action of the screen has the
 * one accent.
 */
const STYLE = `
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --text: #1b1f27; --quiet: #59616f; --line: #dfe3ea;
  --accent: #2454d6; --on-accent: #fff; --good: #17683a; --warn: #8a4b00; --good-ground: #e8f5ed; --warn-ground: #fdf1e0; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #12141a; --card: #1b1f27; --text: #eef0f4; --quiet: #a6aebb; --line: #333a47; --accent: #8fb0ff;
    --on-accent: #0c1430; --good: #8fdcae; --warn: #ffc27a; --good-ground: #16301f; --warn-ground: #3a2a12; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 28rem; margin: 0 auto; padding: 24px 16px 64px; }
.merchant { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; margin: 0 0 16px; font-weight: 600; }
.merchant small { font-size: 1rem; font-weight: 400; color: var(--quiet); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 24px; margin: 0 0 16px; }
h1 { font-size: 1rem; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 4px; }
p { margin: 0 0 16px; overflow-wrap: anywhere; }
.amount { font-size: 2.5rem; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums; margin: 4px 0 0; }
section > :last-child { margin-bottom: 0; }
.quiet { color: var(--quiet); }
.state { border-radius: 8px; padding: 12px 16px; }
.good { color: var(--good); background: var(--good-ground); }
.warn { color: var(--warn); background: var(--warn-ground); }
form { margin: 0; }
button, .button { display: block; width: 100%; min-height: 44px; padding: 10px 16px; border: 1px solid var(--line); border-radius: 8px;
  background: transparent; color: inherit; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; }
.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button:focus-visible, a:focus-visible, input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
ul { list-style: none; margin: 0; padding: 0; }
li { padding: 16px 0; border-top: 1px solid var(--line); }
li:first-child { border-top: 0; padding-top: 0; }
li p { margin: 8px 0 0; color: var(--quiet); }
li:last-child { padding-bottom: 0; }
label { display: block; font-weight: 600; margin: 0 0 4px; }
input { width: 100%; min-height: 44px; padding: 8px 12px; margin: 0 0 12px; border: 1px solid var(--quiet); border-radius: 8px;
  background: transparent; color: inherit; font: inherit; font-variant-numeric: tabular-nums; }
a { color: var(--accent); }
`;

/**
 * Nothing but what stands in the page, and no script at all. A form's answer may lead back to the shop, which browsers count
 * as a target of the form.
 */
export function policyOf({ returnUrl }: Pick<SimulatedPayment, 'returnUrl'>): string {
  const targets = returnUrl === null ? "'self'" : `'self' ${new URL(returnUrl).origin}`;
  const style = createHash('sha256').update(STYLE).digest('base64');
  return `default-src 'none'; style-src 'sha256-${style}'; img-src data:; form-action ${targets}; base-uri 'none'; frame-ancestors 'none'`;
}

/** The page on which a buyer pays, in the state that the payment is in. */
export function pageOf(payment: SimulatedPayment, refunds: readonly SimulatedRefund[]): string {
  return htmlOf(
    `Order ${payment.orderId}: ${moneyOf(payment)}`,
    `<section>
<h1><bdi>${textOf(payment.title)}</bdi></h1>
<p class="amount">${moneyOf(payment)}</p>
<p class="quiet">Order ${payment.orderId}</p>
${bodyOf(payment)}
</section>
${payment.state === 'succeeded' ? givingBack(payment, refunds) + disputing(payment) : ''}
${payment.returnUrl === null ? '' : `<p><a href="${textOf(payment.returnUrl)}">${wayBackOf(payment)}</a></p>`}`,
  );
}

export function unknownPage(): string {
  return htmlOf('No such payment', '<section><h1>There is no such payment.</h1></section>');
}

function bodyOf(payment: SimulatedPayment): string {
  const { state, isLate, isDelayTaken, declines } = payment;
  if (state === 'succeeded') return said('good', 'Paid. The shop is told at once.');
  if (state === 'cancelled')
    return said('warn', 'This payment has ended: nothing was taken, and nobody can pay by it.');
  if (state === 'processing') return `${said('warn', 'The bank debit is on its way.')}\n${ways(BANK)}`;
  if (isLate) return said('warn', 'The money is on its way. It arrives once the order’s time to pay is over.');
  const declined =
    declines === 0 ? '' : said('warn', 'That was declined, and nothing was taken. Try again, or pay otherwise.');
  return `${declined}
${formOf('pay', `Pay ${moneyOf(payment)}`, 'primary')}
</section>
<section>
<h2>See what else can happen</h2>
<p class="quiet">Each ends as it would with a real provider.</p>
${ways(isDelayTaken ? [...OTHERWISE, DEBIT] : OTHERWISE)}`;
}

type Way = readonly [SimulatedAction, title: string, what: string];
type Ways = readonly Way[];

const OTHERWISE: Ways = [
  ['decline', 'Decline the card', 'The units stay reserved, and another try may follow.'],
  ['pay_later', 'Pay later', 'The money arrives after the order’s time to pay is over.'],
];

/** Only where the order is kept for as long as it takes. */
const DEBIT: Way = ['pay_by_debit', 'Pay by bank debit', 'It takes days. You say next whether it succeeds.'];

const BANK: Ways = [
  ['debit_succeeds', 'Let the bank pay', 'The money arrives now.'],
  ['debit_fails', 'Let the bank refuse', 'Nothing is taken, and the order ends.'],
];

const DISPUTE: Ways = [['dispute', 'Dispute the payment', 'The shop is told, and answers at its provider.']];

function ways(list: Ways): string {
  const items = list.map(([action, title, what]) => `<li>${formOf(action, title)}<p id="${action}">${what}</p></li>`);
  return `<ul>\n${items.join('\n')}\n</ul>`;
}

function formOf(action: SimulatedAction, title: string, kind = ''): string {
  const style = kind === '' ? ` aria-describedby="${action}"` : ` class="${kind}"`;
  return `<form method="post"><button name="action" value="${action}"${style}>${title}</button></form>`;
}

/** What the shop does on a real provider's pages, and hears of by a notice. */
function givingBack(payment: SimulatedPayment, refunds: readonly SimulatedRefund[]): string {
  const left = fromThousandths(leftOf(payment, refunds));
  const back = refunds.map(({ amount }) => `<li>${moneyOf({ ...payment, amount })} went back</li>`);
  const isAllBack = isSameAmount(left, '0');
  const form = `<form method="post">
<label for="amount">Amount in ${payment.currency}</label>
<input id="amount" name="amount" inputmode="decimal" required value="${shown(left, payment.currency)}">
<button name="action" value="give_back">Give back</button>
</form>`;
  return `<section>
<h2>For the shop</h2>
<p class="quiet">Money that is given back here, and not by the service, is told to it by a notice.</p>
${back.length === 0 ? '' : `<ul>\n${back.join('\n')}\n</ul><br>`}
${isAllBack ? said('good', 'All of it went back.') : form}
</section>`;
}

/** What the buyer's bank does, whatever the shop says to it. */
function disputing({ isDisputed }: SimulatedPayment): string {
  return `<section>
<h2>For the buyer’s bank</h2>
${isDisputed ? said('warn', 'The buyer disputes this payment.') : ways(DISPUTE)}
</section>`;
}

function said(kind: 'good' | 'warn', text: string): string {
  return `<p class="state ${kind}" role="status">${text}</p>`;
}

function wayBackOf({ state }: SimulatedPayment): string {
  return state === 'open' ? 'Back to the shop without paying' : 'Back to the shop';
}

function shown(amount: string, currency: string): string {
  return Number(amount).toFixed(decimalsOf(currency));
}

function moneyOf({ amount, currency }: Pick<SimulatedPayment, 'amount' | 'currency'>): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(Number(amount));
}

function htmlOf(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${textOf(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="merchant">Simulated payments <small>No money moves</small></p>
${content}
</main>
</body>
</html>
`;
}

function textOf(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
