interface Entry<Value> {
  readonly value: Value;
  readonly expiresAtMs: number;
}

/** Values that are worth remembering until their time; past `sizeMax` the one that was not used for longest goes. */
export class ExpiringCache<Value> {
  /** In the order of their last use: a map gives its entries in the order in which they were set. */
  private readonly entries = new Map<string, Entry<Value>>();

  constructor(private readonly sizeMax: number) {}

  get(key: string, nowMs: number): Value | null {
    const entry = this.entries.get(key);
    if (entry === undefined) return null;
    this.entries.delete(key);
    if (entry.expiresAtMs <= nowMs) return null;
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: Value, expiresAtMs: number): void {
    this.entries.delete(key);
    this.entries.set(key, { value, expiresAtMs });
    if (this.entries.size > this.sizeMax) this.entries.delete(this.entries.keys().next().value!);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }
}
