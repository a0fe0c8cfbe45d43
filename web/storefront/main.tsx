import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { Announcer } from '../shared/announcer.js';
import '../shared/theme.css';
import { isAway as isServiceAway, Unreachable } from '../shared/api.js';
import { Picture } from './picture.js';
import { hold, isAway, isResuming, name, notice, resume } from './reservation.js';
import { ReservationView } from './reservation-view.js';
import { SaleView } from './sale-view.js';
import { chosen, hasLoose, isLost, openShop, sales, shelf, showSale } from './shop.js';
import './storefront.css';

/** How long until a shop that did not answer at first is asked again. */
const OPEN_AGAIN_MS = 2000;

function Storefront() {
  const pictured = hold.value === null ? (chosen.value?.name ?? '') : name.value;
  return (
    <>
      <Header />
      <Connection />
      <main class="shop">
        <Picture name={shelf.value === null ? '' : pictured} />
        <div class="side">
          {hold.value !== null ? (
            <ReservationView />
          ) : shelf.value === null || isResuming.value ? (
            <Opening />
          ) : (
            <SaleView />
          )}
        </div>
      </main>
      <footer class="soft">
        <p>No unit is sold twice. What is reserved is yours until its time is over, whatever happens to this page.</p>
      </footer>
      <Announcer />
    </>
  );
}

function Header() {
  const current = shelf.value?.sale?.id ?? 0;
  const choices = [
    ...sales.value.map((sale) => ({ id: sale.id, title: sale.name })),
    ...(hasLoose.value ? [{ id: 0, title: 'Always on sale' }] : []),
  ];
  return (
    <header>
      <a class="brand" href="/">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" />
          <path d="M18.5 5 8 18h6.5L13 27l11-13.5h-6.8z" />
        </svg>
        The drop
      </a>
      {choices.length > 1 && (
        <label class="which">
          <span class="unseen">Sale</span>
          <select
            value={String(current)}
            onChange={({ currentTarget: { value } }) => void changeSale(value === '0' ? null : Number(value))}
          >
            {choices.map(({ id, title }) => (
              <option key={id} value={String(id)}>
                {title}
              </option>
            ))}
          </select>
        </label>
      )}
    </header>
  );
}

/** Where the shop does not answer, the sale that is shown stays, and the connection is said to be lost by what watches it. */
async function changeSale(id: number | null): Promise<void> {
  notice.value = null;
  try {
    await showSale(id);
  } catch (error) {
    if (!isServiceAway(error)) throw error;
    // The choice goes back to what is shown.
    sales.value = [...sales.value];
  }
}

/** Said only while it is so: what is shown is out of date, or a step waits for its answer. */
function Connection() {
  const words = isAway.value
    ? 'The shop does not answer right now. What is reserved stays reserved; this goes on by itself.'
    : isLost.value
      ? 'No connection. What you see may be out of date; this goes on by itself.'
      : '';
  return (
    <div class="connection" role="status" data-away={words === '' ? undefined : ''}>
      {words}
    </div>
  );
}

function Opening() {
  return (
    <p class="opening soft" role="status">
      One moment…
    </p>
  );
}

async function begin(): Promise<void> {
  void resume();
  for (;;) {
    try {
      await openShop();
      isLost.value = false;
      return;
    } catch (error) {
      if (!(error instanceof Unreachable)) console.warn(error);
      isLost.value = true;
      await new Promise((resolve) => setTimeout(resolve, OPEN_AGAIN_MS));
    }
  }
}

function Page() {
  useEffect(() => void begin(), []);
  return <Storefront />;
}

render(<Page />, document.getElementById('page')!);
