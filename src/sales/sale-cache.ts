import { Injectable } from '@nestjs/common';
import type { SaleWithProducts } from './sales.types.js';

/** How long a reading is shared. With the second of a cache outside, a reader's is less than two seconds old. */
const FRESH_MS = 400;
const ENTRIES_MAX = 1000;

/** A reading of the database, and when it was there, by this process's steady clock in milliseconds. */
interface Reading {
  readonly found: SaleWithProducts;
  readonly readAt: number;
}

interface Entry {
  readonly reading: Promise<Reading>;
  freshUntil: number;
}

/** The one reading of a sale that all who ask within a moment share: before a start everybody reloads the same page. */
@Injectable()
export class SaleCache {
  private readonly entries = new Map<number, Entry>();

  read(id: number, read: () => Promise<SaleWithProducts>): Promise<Reading> {
    const known = this.entries.get(id);
    if (known !== undefined && performance.now() < known.freshUntil) return known.reading;
    const startedAt = performance.now();
    const entry: Entry = {
      reading: read().then((found) => ({ found, readAt: performance.now() })),
      // While it is being read, whoever comes waits for it, too.
      freshUntil: Infinity,
    };
    if (!this.entries.has(id) && this.entries.size >= ENTRIES_MAX) this.forget(this.entries.keys().next().value!);
    this.entries.set(id, entry);
    entry.reading.then(
      () => (entry.freshUntil = startedAt + FRESH_MS),
      () => (entry.freshUntil = 0),
    );
    return entry.reading;
  }

  /** What was read before a change is not what this instance says after it. */
  forget(id: number): void {
    this.entries.delete(id);
  }
}
