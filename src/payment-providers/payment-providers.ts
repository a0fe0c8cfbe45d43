import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { genericProvider } from './generic.provider.js';
import type { PaymentProvider } from './payment-provider.js';
import { stripeProvider } from './stripe.provider.js';

/** Every payment provider that the service understands, one line each. */
const PROVIDERS: readonly ((config: Config) => PaymentProvider)[] = [genericProvider, stripeProvider];

/** The payment providers by name. */
@Injectable()
export class PaymentProviders {
  private readonly byName: ReadonlyMap<string, PaymentProvider>;

  constructor(@Inject(CONFIG) config: Config) {
    this.byName = new Map(PROVIDERS.map((create) => create(config)).map((provider) => [provider.name, provider]));
  }

  get all(): readonly PaymentProvider[] {
    return [...this.byName.values()];
  }

  find(name: string): PaymentProvider | undefined {
    return this.byName.get(name);
  }
}
