import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { GroupCommit, type GroupCommitOptions } from '../common/group-commit.js';
import { CONFIG, type Config } from '../config/config.js';
import { isOutage, isTransient } from './database-errors.js';

/** Makes the group commits of the features with the service's limits, and drains them at shutdown. */
@Injectable()
export class GroupCommits implements BeforeApplicationShutdown {
  private readonly all: { drain(): Promise<void> }[] = [];

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  create<Request, Outcome>(
    commit: GroupCommitOptions<Request, Outcome>['commit'],
  ): GroupCommit<Request, Outcome> {
    const groupCommit = new GroupCommit<Request, Outcome>({ ...this.config.groupCommit, commit, isTransient, isOutage });
    this.all.push(groupCommit);
    return groupCommit;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.all.map((groupCommit) => groupCommit.drain()));
  }
}
