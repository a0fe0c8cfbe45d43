import { Global, Module } from '@nestjs/common';
import { GroupCommitMetrics } from './group-commit-metrics.js';
import { GroupCommits } from './group-commits.js';

@Global()
@Module({ providers: [GroupCommits, GroupCommitMetrics], exports: [GroupCommits] })
export class EngineModule {}
