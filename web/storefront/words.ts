// What a buyer is told: what is true now, then what can be done. Nobody is blamed, and no code is shown.

/** What a refusal is, as far as words need it. */
interface Told {
  readonly code: string;
  readonly problem: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | null;
}

const SIGN_IN = 'This shop sells to customers who are signed in. Sign in at the shop, then come back here.';

const WORDS: Readonly<Record<string, (told: Told) => string>> = {
  INSUFFICIENT_STOCK: () =>
    'Somebody else was a moment faster, and every unit is reserved now. Units that are not paid for come back here by themselves.',
  SALE_NOT_STARTED: () => 'The sale has not started for you yet. This page opens it at the very second.',
  SALE_PAUSED: () => 'The shop has paused the sale. It goes on here by itself; nothing that you have reserved is lost.',
  SALE_ENDED: () => 'The sale has ended.',
  PRODUCT_NOT_ON_SALE: () => 'This one is not on sale any more.',
  PRODUCT_NOT_FOUND: () => 'This one is not on sale any more.',
  CUSTOMER_LIMIT_REACHED: ({ problem: { limit } }) =>
    typeof limit === 'number'
      ? `You have as many of these as one person may have: ${limit}. Give one back if you would rather have another.`
      : 'You have as many of these as one person may have. Give one back if you would rather have another.',
  BUYER_TOKEN_REQUIRED: () => SIGN_IN,
  BUYER_TOKEN_INVALID: () => SIGN_IN,
  RATE_LIMITED: ({ retryAfterSeconds }) =>
    `That was a lot of tries in a short time. You can try again in ${retryAfterSeconds ?? 60} seconds.`,
  HOLD_EXPIRED: () => 'The reservation has run out, so no order was placed. Nothing was taken from you.',
  HOLD_NOT_FOUND: () => 'This reservation is not known here any more.',
  ORDER_ALREADY_PAID: () => 'This order is paid already, so it stays yours.',
};

const MORE_TIME: Readonly<Record<string, string>> = {
  none_left: 'This reservation has had all the time that it can get.',
  used: 'The order is placed already: the time to pay counts now.',
  expired: 'The reservation has run out meanwhile.',
  sale_ended: 'The sale has ended, so the time stays as it is.',
};

export function wordsOf(told: Told): string {
  if (told.code === 'HOLD_NOT_EXTENDABLE') return MORE_TIME[String(told.problem.reason)] ?? MORE_TIME.none_left!;
  return (
    WORDS[told.code]?.(told) ?? 'The shop could not do that just now. Nothing was taken from you; please try again.'
  );
}

interface Stock {
  readonly available_stock: number | null;
  readonly availability?: string;
}

/** How much is left, in two or three words. */
export function stockWords({ available_stock, availability }: Stock): string {
  if (available_stock === null)
    return { many: 'available', some: 'available', few: 'few left' }[availability ?? ''] ?? 'none left';
  if (available_stock === 0) return 'none left';
  if (available_stock === 1) return 'last one';
  return `${available_stock.toLocaleString()} left`;
}

/**
 * What tells the variants of one thing apart: `41`, `42` of `Runner, size 41`, `Runner, size 42`. The whole names where they
 * have nothing in common.
 */
export function variantNames(names: readonly string[]): { common: string; variants: readonly string[] } {
  const [first = ''] = names;
  let length = names.length > 1 ? first.length : 0;
  for (const name of names) while (!name.startsWith(first.slice(0, length))) length--;
  const begin = first.slice(0, length).search(/\S+$/);
  // A word that they share in part only belongs to what tells them apart.
  const cut = begin < 0 ? length : begin;
  const common = first.slice(0, cut).trim();
  const variants = names.map((name) => name.slice(cut).trim());
  if (common === '' || variants.includes('')) return { common: '', variants: names };
  return { common: common.replace(/[\s,:–-]+$/, '').replace(/,\s*(?:size|größe|taille)$/i, ''), variants };
}
