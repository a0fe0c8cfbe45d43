import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { genericProvider } from './generic.provider.js';
import type { PaymentProvider } from './payment-provider.js';
import { SimulatedAccount } from './simulated/simulated-account.js';
import { simulatedProvider } from './simulated/simulated.provider.js';
import { TRACING, type Tracing } from '../tracing/tracing.types.js';
import { tracedProvider } from './traced-provider.js';
import { stripeProvider } from './stripe.provider.js';

/** Every payment provider that the service understands, one line each; null where one is not there. */
const PROVIDERS: readonly ((
  config: Config,
  account: SimulatedAccount,
  tracing: Tracing | null,
) => PaymentProvider | null)[] = [
  genericProvider,
  (config, _account, tracing) => stripeProvider(config, tracing),
  simulatedProvider,
];

/** The payment providers by name. */
@Injectable()
export class PaymentProviders {
  private readonly byName: ReadonlyMap<string, PaymentProvider>;

  constructor(@Inject(CONFIG) config: Config, account: SimulatedAccount, @Inject(TRACING) tracing: Tracing | null) {
    const made = PROVIDERS.flatMap((create) => create(config, account, tracing) ?? []);
    const providers = tracing === null ? made : made.map((provider) => tracedProvider(provider, tracing));
    this.byName = new Map(providers.map((provider) => [provider.name, provider]));
  }

  get all(): readonly PaymentProvider[] {
    return [...this.byName.values()];
  }

  find(name: string): PaymentProvider | undefined {
    return this.byName.get(name);
  }
}
