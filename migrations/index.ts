import { CheckoutTables1764000000000 } from './1764000000000-checkout-tables.js';

/** All migrations, oldest first. */
export const migrations = [CheckoutTables1764000000000];
