import { Module } from '@nestjs/common';
import { AdminGate } from './admin-gate.js';

@Module({ providers: [AdminGate], exports: [AdminGate] })
export class AccessModule {}
