import { Module } from '@nestjs/common';
import { PaymentProviders } from './providers.js';

@Module({ providers: [PaymentProviders], exports: [PaymentProviders] })
export class ProvidersModule {}
