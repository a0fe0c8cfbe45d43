import type { Service } from './service.js';

export type Labels = Readonly<Record<string, string | number>>;

/** The figures of one scrape. */
export class Scrape {
  private readonly values = new Map<string, number>();

  constructor(readonly text: string) {
    for (const line of text.split('\n')) {
      const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name !== undefined) this.values.set(keyOf(name, parseLabels(labels)), Number(value));
    }
  }

  /** The figure with exactly these labels; 0 when there is none yet. */
  value(name: string, labels: Labels = {}): number {
    return this.values.get(keyOf(name, labels)) ?? 0;
  }

  has(name: string, labels: Labels = {}): boolean {
    return this.values.has(keyOf(name, labels));
  }
}

export async function scrape(service: Service): Promise<Scrape> {
  return new Scrape((await service.call('GET', '/metrics')).text);
}

function parseLabels(text: string): Labels {
  return Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name!, value!]));
}

function keyOf(name: string, labels: Labels): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return name + JSON.stringify(sorted.map(([label, value]) => [label, String(value)]));
}
