import { render } from 'preact';
import { useSignal } from '@preact/signals';
import '../shared/theme.css';
import { call, Unreachable } from '../shared/api.js';
import { Button } from '../shared/button.js';
import { Countdown } from '../shared/countdown.js';
import { money } from '../shared/money.js';
import { StockBar } from '../shared/stock-bar.js';
import { instantText } from '../shared/time.js';
import { now } from '../shared/clock.js';

function Storefront() {
  const text = useSignal('');
  const load = async (): Promise<void> => {
    try {
      const { body } = await call<{ items: { name: string }[] }>('GET', '/api/products');
      text.value = body.items.map(({ name }) => name).join(', ');
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      text.value = 'The shop does not answer right now.';
    }
  };
  return (
    <main>
      <h1>The drop</h1>
      <p>
        {text} {money('9.99', 'EUR')}, {instantText(now.value, now.value)}
      </p>
      <StockBar label="Stock" units={{ available: 3, taken: 7 }} />
      <Countdown until={now.value} whole={1}>
        <p>left</p>
      </Countdown>
      <Button kind="primary" busyText="Looking…" onPress={load}>
        Look what is on sale
      </Button>
    </main>
  );
}

render(<Storefront />, document.getElementById('page')!);
