import { NextReading } from '../common/next-reading.js';
import { addMilliseconds, isoTime } from '../database/sql.js';
import { LiveTopic } from '../http/live-topic.js';
import { toPublicProductDto } from '../products/dto/product.dto.js';
import type { ProductRow } from '../products/products.types.js';
import type { SeenRow, StockWatch } from '../products/stock-watch.js';
import { saleFieldsDto, toSaleDto } from './dto/sale.dto.js';
import type { SaleWithProducts } from './sales.types.js';

/** Least time between two readings of one sale. */
const READ_PAUSE_MS = 50;

/** What the listeners of a sale are told: first all of it, then what has changed of it, with the products that have. */
export class SaleTopic extends LiveTopic {
  private found!: SaleWithProducts;
  private readAt = -Infinity;
  private readonly reading = new NextReading(() => this.read(), READ_PAUSE_MS);
  /** The products that are followed: those of the sale, and those that have left it until that was told. */
  private readonly products = new Map<number, { readonly unfollow: () => void; told: string }>();
  private readonly changed = new Set<number>();
  /** The sale as it was told last, less its time. */
  private told = '';
  /** Of what is the newest here, as the database prints it. */
  private asOf = '';

  constructor(
    private readonly readSale: () => Promise<SaleWithProducts>,
    private readonly watch: StockWatch,
    private readonly on: { changed: () => void; closed: () => void },
  ) {
    super();
  }

  /** Since when what is known of the sale itself is from the database. */
  get readAgoMs(): number {
    return performance.now() - this.readAt;
  }

  /** Whether the sale has come to its start or its end since its state was told. */
  hasOtherState(): boolean {
    return this.found !== undefined && this.told !== '' && this.fields().text !== this.told;
  }

  refresh(): Promise<void> {
    return this.reading.ask();
  }

  whole(): object {
    const { text, now } = this.fields();
    const rows = [...this.products.keys()].map((id) => this.watch.seen(id)!.row).filter((row) => this.isShown(row));
    if (this.listeners.size === 0) {
      this.told = text;
      this.changed.clear();
      for (const row of rows) this.products.get(row.id)!.told = textOf(row);
    }
    rows.sort((a, b) => a.id - b.id);
    return this.event(now, rows);
  }

  changes(): object | null {
    const { text, now } = this.fields();
    const rows = [...this.changed].flatMap((id) => this.changeOf(id));
    this.changed.clear();
    if (rows.length === 0 && text === this.told) return null;
    this.told = text;
    return this.event(now, rows);
  }

  close(): void {
    for (const { unfollow } of this.products.values()) unfollow();
    this.products.clear();
    this.on.closed();
  }

  private async read(): Promise<void> {
    const startedAt = performance.now();
    const found = await this.readSale();
    // The last one may have left meanwhile.
    if (this.listeners.size === 0 && this.arriving === 0) return;
    this.found = found;
    this.readAt = performance.now();
    const now = found.sale.server_time;
    if (now > this.asOf) this.asOf = now;
    for (const { id } of found.products) if (!this.products.has(id)) this.follow(id);
    this.watch.take(found.products, { now, startedAt });
    this.on.changed();
  }

  private follow(id: number): void {
    this.products.set(id, { unfollow: this.watch.follow(id, (seen) => this.note(seen)), told: '' });
    // Another topic may know it already, and then nothing tells of it.
    this.changed.add(id);
  }

  private note({ row, seenAt }: SeenRow): void {
    this.changed.add(row.id);
    if (seenAt > this.asOf) this.asOf = seenAt;
    this.on.changed();
  }

  /** The product, if it is another one to the eye than was told. One that has left says so, once, by what it is now. */
  private changeOf(id: number): ProductRow[] {
    const product = this.products.get(id);
    const row = this.watch.seen(id)?.row;
    if (product === undefined || row === undefined) return [];
    const text = textOf(row);
    const wasShown = product.told !== '';
    const isShown = this.isShown(row);
    if (isShown ? product.told === text : !wasShown) return [];
    product.told = isShown ? text : '';
    if (row.sale_id !== this.found.sale.id) {
      product.unfollow();
      this.products.delete(id);
    }
    return [row];
  }

  private isShown(row: ProductRow): boolean {
    return row.sale_id === this.found.sale.id && row.is_archived === 0;
  }

  /** The sale without its products, at this moment of the database's clock. */
  private fields(): { text: string; now: SaleWithProducts } {
    const { sale } = this.found;
    const server_time = addMilliseconds(sale.server_time, this.readAgoMs);
    const now = { ...this.found, sale: { ...sale, server_time } };
    return { text: JSON.stringify(saleFieldsDto(now)), now };
  }

  private event(now: SaleWithProducts, rows: readonly ProductRow[]): object {
    return { ...toSaleDto(now, rows.map(toPublicProductDto)), as_of: isoTime(this.asOf) };
  }
}

function textOf(row: ProductRow): string {
  return JSON.stringify(toPublicProductDto(row));
}
