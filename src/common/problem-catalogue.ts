import { MONEY_PROBLEMS } from './problems/money-problems.js';
import { REQUEST_PROBLEMS } from './problems/request-problems.js';
import { SHOP_PROBLEMS } from './problems/shop-problems.js';
import { STOCK_PROBLEMS } from './problems/stock-problems.js';

export type { ProblemDefinition } from './problems/problem-definition.js';

/**
 * Every error code the service can answer with, by what it is about. A code is never reused. The form of the answers is
 * RFC 9457 (problem details).
 */
export const PROBLEMS = { ...REQUEST_PROBLEMS, ...STOCK_PROBLEMS, ...MONEY_PROBLEMS, ...SHOP_PROBLEMS };

export type ProblemCode = keyof typeof PROBLEMS;
