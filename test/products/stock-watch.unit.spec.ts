import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import type { ProductsRepository } from '../../src/products/products.repository.js';
import type { ProductRow } from '../../src/products/products.types.js';
import { StockWatch } from '../../src/products/stock-watch.js';
import { RedisNews } from '../../src/redis/redis-news.js';
import type { RedisService } from '../../src/redis/redis.service.js';

/** Which of two rows of one product counts, whatever their way here: what is told late, and readings that took long. */

const ID = 7;
const rowOf = (stock_version: number): ProductRow => ({ id: ID, stock_version, show_stock: null }) as ProductRow;

/** News that the test tells itself. */
class ToldNews extends RedisNews {
  tellHere!: (row: ProductRow) => void;

  override follow(_name: string, hear: (text: string) => void): () => void {
    this.tellHere = (row) => hear(JSON.stringify(row));
    return () => undefined;
  }
}

const AT_NOON = '2026-11-27 12:00:00.000';
const LATER = '2026-11-27 12:00:09.000';

let news: ToldNews;
let watch: StockWatch;
let told: number[];
let startedAt: number;

const seen = () => watch.seen(ID)!;
const read = (version: number, began: number, now = AT_NOON): void =>
  watch.take([rowOf(version)], { now, startedAt: began });

beforeEach(() => {
  news = new ToldNews(loadConfig({ DB_HOST: 'none', REDIS_HOST: 'none' }), undefined as unknown as RedisService);
  // Nothing is read by itself.
  watch = new StockWatch(
    { findWithTime: () => Promise.reject(new Error('away')) } as unknown as ProductsRepository,
    news,
  );
  told = [];
  watch.follow(ID, ({ row }) => told.push(row.stock_version));
  startedAt = performance.now();
  read(5, startedAt);
});

afterEach(() => watch.onModuleDestroy());

describe('a product that is watched', () => {
  it('goes on with what is newer, told or read', () => {
    news.tellHere(rowOf(6));
    read(7, startedAt);
    expect(told).toEqual([5, 6, 7]);
    expect(seen().row.stock_version).toBe(7);
  });

  it('is told once of one version', () => {
    news.tellHere(rowOf(5));
    read(5, performance.now());
    expect(told).toEqual([5]);
  });

  it('does not go back with what is told late, which says nothing of when the newer one was so', () => {
    const { seenAt } = seen();
    // So that another moment would show.
    for (const now = performance.now(); performance.now() < now + 5;);
    news.tellHere(rowOf(4));
    expect(told).toEqual([5]);
    expect(seen()).toEqual({ row: rowOf(5), seenAt });
  });

  it('does not go back with a reading that began before what is known had come, or soon after', () => {
    read(4, startedAt);
    read(4, performance.now() + 1000);
    expect(told).toEqual([5]);
  });

  it('goes back with a reading that began long after: then the database itself has gone back', () => {
    read(3, performance.now() + 10_000);
    expect(told).toEqual([5, 3]);
  });

  it('is never of an earlier moment than it was', () => {
    read(5, startedAt, LATER);
    read(6, startedAt, AT_NOON);
    expect(seen()).toEqual({ row: rowOf(6), seenAt: LATER });
  });
});
