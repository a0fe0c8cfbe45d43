import { Module } from '@nestjs/common';
import { PaymentProviders } from './payment-providers.js';
import { SimulatedAccount } from './simulated/simulated-account.js';
import { SimulatedAccountRepository } from './simulated/simulated-account.repository.js';
import { SimulatedNotices } from './simulated/simulated-notices.js';

@Module({
  providers: [PaymentProviders, SimulatedAccount, SimulatedAccountRepository, SimulatedNotices],
  exports: [PaymentProviders, SimulatedAccount],
})
export class PaymentProvidersModule {}
