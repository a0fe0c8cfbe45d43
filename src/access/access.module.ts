import { Module } from '@nestjs/common';
import { AdminGate } from './admin-gate.js';
import { BuyerKeys } from './buyer-keys.js';
import { BuyerTokens } from './buyer-tokens.js';

@Module({ providers: [AdminGate, BuyerKeys, BuyerTokens], exports: [AdminGate, BuyerKeys, BuyerTokens] })
export class AccessModule {}
