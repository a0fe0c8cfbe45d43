import './stock-bar.css';

/** In this order, from the start of the line. */
const PARTS = {
  available: 'available',
  held: 'held',
  sold: 'sold',
  // What the public sees of held and sold.
  taken: 'reserved or sold',
} as const;

interface StockBarProps {
  /** What it is the stock of, for readers of screens. */
  readonly label: string;
  /** Units of each part that is known. */
  readonly units: Partial<Readonly<Record<keyof typeof PARTS, number>>>;
}

/** The stock of a product or a sale as one bar with its figures: the same everywhere. */
export function StockBar({ label, units }: StockBarProps) {
  const parts = (Object.keys(PARTS) as (keyof typeof PARTS)[]).flatMap((part) => {
    const count = units[part];
    return count === undefined ? [] : [{ part, count }];
  });
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  return (
    <div class="stock-bar" role="group" aria-label={label}>
      <div class="track" aria-hidden="true">
        {parts.map(({ part, count }) =>
          count > 0 ? (
            <div key={part} class="part" data-part={part} style={{ inlineSize: `${(100 * count) / total}%` }} />
          ) : null,
        )}
      </div>
      <dl class="figures">
        {parts.map(({ part, count }) => (
          <div key={part}>
            <dt>{PARTS[part]}</dt>
            <dd>{count.toLocaleString()}</dd>
            <span class="key" data-part={part} aria-hidden="true" />
          </div>
        ))}
      </dl>
    </div>
  );
}
