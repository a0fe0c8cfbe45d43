import { Button } from '../../shared/button.js';
import { figure } from '../chart.js';
import { Name, units } from '../parts.js';
import { ask as question } from '../question.js';
import { ask, may } from '../session.js';
import type { Rates, SaleStock } from '../types.js';

interface SaleActionsProps {
  readonly sale: Pick<SaleStock, 'id' | 'name' | 'state' | 'available'> & {
    /** Null where it is not known. */
    readonly held: number | null;
  };
  /** Null where nobody counts. */
  readonly rates: Rates | null;
  readonly onDone: () => Promise<void>;
}

/** Pause, go on, end: each asks once, and says with figures what will happen. */
export function SaleActions({ sale, rates, onDone }: SaleActionsProps) {
  if (!may('sales') || sale.state === 'ended') return null;
  const act = async (verb: 'pause' | 'resume' | 'end', said: string): Promise<string> => {
    await ask('POST', `/api/admin/sales/${sale.id}/${verb}`);
    await onDone();
    return said;
  };
  const name = <Name>{sale.name}</Name>;
  const kept = `${sale.held === null ? 'Units' : units(sale.held)} that are held stay with their buyers, who can order and pay.`;
  const pause = (): void =>
    question({
      title: <>Pause “{name}”?</>,
      body: (
        <ul class="points">
          <li>{crowd(rates)} From now on everybody is told that the sale is paused.</li>
          <li>{units(sale.available)} that are left stay for later.</li>
          <li>{kept}</li>
          <li>You can go on at any time. The end of the sale stays where it is.</li>
        </ul>
      ),
      action: 'Pause the sale',
      isDangerous: true,
      run: () => act('pause', `“${sale.name}” is paused. Nobody gets a unit until you go on.`),
    });
  const resume = (): void =>
    question({
      title: <>Go on with “{name}”?</>,
      body: <p>Buyers can reserve {units(sale.available)} again at once.</p>,
      action: 'Go on',
      run: () => act('resume', `“${sale.name}” goes on.`),
    });
  const end = (): void =>
    question({
      title: <>End “{name}” now?</>,
      body: (
        <ul class="points">
          <li>{crowd(rates)} From now on everybody is told that the sale has ended.</li>
          <li>{units(sale.available)} stay unsold.</li>
          <li>{kept}</li>
          <li>This can’t be undone.</li>
        </ul>
      ),
      action: 'End the sale for good',
      isDangerous: true,
      run: () => act('end', `“${sale.name}” has ended.`),
    });
  return (
    <div class="actions">
      {sale.state === 'paused' ? (
        <Button kind="primary" isWide onPress={resume}>
          Go on with the sale
        </Button>
      ) : (
        <Button kind="danger" isWide onPress={pause}>
          Pause the sale
        </Button>
      )}
      <Button kind="quiet" onPress={end}>
        End it now
      </Button>
    </div>
  );
}

function crowd(rates: Rates | null): string {
  if (rates === null) return '';
  const asked = rates.holds + Object.values(rates.refusals).reduce((sum, rate) => sum + rate, 0);
  if (asked < 0.05) return 'Nobody has asked for anything in the last seconds.';
  return `${figure(asked)} requests a second came in the last ${rates.window_seconds} seconds.`;
}
