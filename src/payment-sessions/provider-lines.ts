import { Injectable } from '@nestjs/common';
import { MetricsService } from '../metrics/metrics.service.js';
import type { PaymentProvider, PaymentSessionsPort } from '../payment-providers/payment-provider.js';
import { PaymentProviders } from '../payment-providers/payment-providers.js';
import { SESSION_TASKS, type SessionTask } from './payment-sessions.types.js';
import { ProviderLine } from './provider-line.js';

/** A provider that makes sessions. */
export type SessionProvider = PaymentProvider & { readonly sessions: PaymentSessionsPort };

/** The providers that make sessions here, and how this process asks each. */
@Injectable()
export class ProviderLines {
  readonly providers: readonly SessionProvider[];
  private readonly lines: ReadonlyMap<string, ProviderLine>;

  constructor(providers: PaymentProviders, metrics: MetricsService) {
    this.providers = providers.all.filter((provider): provider is SessionProvider => provider.sessions !== undefined);
    const pairs = this.providers.flatMap((provider) => SESSION_TASKS.map((task) => ({ provider, task })));
    this.lines = new Map(
      pairs.map(({ provider, task }) => [keyOf(provider, task), new ProviderLine(provider.sessions.callsPerSecond)]),
    );
    metrics.add(
      {
        name: 'checkout_payment_provider_up',
        help: 'Whether the payment provider is asked for sessions (task make) and to end them (task end): 0 while it is away',
        type: 'gauge',
        aggregator: 'min',
      },
      () =>
        pairs.map(({ provider, task }) => {
          const labels = { provider: provider.name, task };
          return { labels, value: Number(this.lineOf(provider, task).isUp) };
        }),
    );
  }

  lineOf(provider: SessionProvider, task: SessionTask): ProviderLine {
    return this.lines.get(keyOf(provider, task))!;
  }
}

function keyOf({ name }: SessionProvider, task: SessionTask): string {
  return `${task} ${name}`;
}
