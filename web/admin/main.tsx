import { render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import '../shared/theme.css';
import './console.css';
import { Refusal } from '../shared/api.js';
import { AuditPage } from './pages/audit.js';
import { DeliveriesPage, EndpointsPage } from './pages/endpoints.js';
import { KeysPage } from './pages/keys.js';
import { OrderPage } from './pages/order.js';
import { OrdersPage } from './pages/orders.js';
import { OverviewPage } from './pages/overview.js';
import { PaymentEventsPage } from './pages/payment-events.js';
import { ProductPage, ProductsPage } from './pages/products.js';
import { RefundsPage } from './pages/refunds.js';
import { isRushable, RushPage } from './pages/rush.js';
import { SalePage, SalesPage } from './pages/sales.js';
import { AskedQuestion, Said, say } from './question.js';
import { linkTo, place } from './router.js';
import { mayRead, resume, session, signOut } from './session.js';
import { SignIn } from './sign-in.js';
import type { Scope } from './types.js';

interface Section {
  readonly name: string;
  readonly about: Scope;
  /** Where it is left out though his key opens it. */
  readonly isThere?: () => boolean;
  readonly page: (id: string | undefined) => preact.ComponentChild;
}

const SECTIONS: Readonly<Record<string, Section>> = {
  overview: { name: 'Overview', about: 'read', page: () => <OverviewPage /> },
  sales: {
    name: 'Sales',
    about: 'sales',
    page: (id) => (id === undefined ? <SalesPage /> : <SalePage key={id} id={id} />),
  },
  products: {
    name: 'Products',
    about: 'products',
    page: (id) => (id === undefined ? <ProductsPage /> : <ProductPage key={id} id={id} />),
  },
  rush: { name: 'Rush', about: 'products', isThere: isRushable, page: () => <RushPage /> },
  orders: {
    name: 'Orders',
    about: 'orders',
    page: (id) => (id === undefined ? <OrdersPage /> : <OrderPage key={id} id={id} />),
  },
  refunds: { name: 'Refunds', about: 'refunds', page: () => <RefundsPage /> },
  'payment-events': { name: 'Payment events', about: 'refunds', page: () => <PaymentEventsPage /> },
  endpoints: {
    name: 'Deliveries',
    about: 'webhooks',
    page: (id) => (id === undefined ? <EndpointsPage /> : <DeliveriesPage key={id} id={id} />),
  },
  audit: { name: 'Audit log', about: 'audit', page: () => <AuditPage /> },
  keys: { name: 'API keys', about: 'keys', page: () => <KeysPage /> },
};

function Console() {
  useEffect(() => {
    resume().catch((error: unknown) => {
      // Signed out, or nobody knows: the page to sign in says what is wrong when it is tried.
      if (!(error instanceof Refusal && error.status === 401)) session.value = null;
    });
  }, []);
  if (session.value === undefined) return <p class="sign-in soft">Loading…</p>;
  return session.value === null ? <SignIn /> : <Shell />;
}

function Shell() {
  const open = Object.entries(SECTIONS).filter(([, { about, isThere }]) => mayRead(about) && isThere?.() !== false);
  const [first] = open;
  const [path = first?.[0], id] = place.value.path;
  const section = open.find(([name]) => name === path)?.[1];
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const where = `${path}/${id ?? ''}`;
  useEffect(() => {
    document.title = `${section?.name ?? 'Console'} · Console`;
    say('');
    // Who comes by a link is on the new page, not on a link that is gone.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [where]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        To the page
      </a>
      <header class="top">
        <nav aria-label="Console">
          <ul>
            {open.map(([name, { name: text }]) => (
              <li key={name}>
                <a href={linkTo(name)} aria-current={name === path ? 'page' : undefined}>
                  {text}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <p class="who">
          <bdi class="soft">{session.value?.name}</bdi>{' '}
          <button type="button" class="button quiet" onClick={() => void signOut()}>
            Sign out
          </button>
        </p>
      </header>
      <main ref={main} id="main" tabIndex={-1} class="page">
        <Said />
        {/* Of its own nodes: those of another page would be seen to jump. */}
        <div key={where}>{section === undefined ? <NothingHere isOpen={open.length > 0} /> : section.page(id)}</div>
      </main>
      <AskedQuestion />
    </>
  );
}

function NothingHere({ isOpen }: { isOpen: boolean }) {
  return (
    <div class="stack">
      <h1>Nothing here</h1>
      <p>
        {isOpen ? 'There is no such page, or your key does not open it.' : 'Your key opens no page of the console.'}
      </p>
    </div>
  );
}

render(<Console />, document.getElementById('page')!);
