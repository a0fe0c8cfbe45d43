import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type RedisServer, startRedis } from '../../scripts/servers.mjs';
import { type ChildService, killChildren, startChild } from './child-service.js';
import { connectTo, type Environment, type Service } from './service.js';

/** Two instances of the service in processes of their own, with a Redis of their own, for tests that kill them under load. */
export class Instances {
  private constructor(
    private readonly redis: RedisServer,
    private readonly dir: string,
    private readonly settings: Environment,
    private running: readonly ChildService[],
  ) {}

  /** @param name of the folder of their Redis. */
  static async start(name: string, settings: Environment): Promise<Instances> {
    const dir = join(import.meta.dirname, `../../.local/test/${name}-${process.env.JEST_WORKER_ID ?? '1'}`);
    const redis = await startRedis({ dir });
    const own = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port), ...settings };
    return new Instances(redis, dir, own, await Promise.all([startChild(own), startChild(own)]));
  }

  /** One that may be dead, or die before it answers. */
  any(): Service {
    return connectTo(this.running[Math.floor(Math.random() * this.running.length)]!.url);
  }

  /** Both at once, as who is called by them can; each is to be followed by `replace`. */
  killNow(): void {
    for (const instance of this.running) instance.kill('SIGKILL');
  }

  /** Kills so many of them, as the others do, and starts as many. @returns how many were killed. */
  async replace(count: 1 | 2): Promise<number> {
    const victims = this.running.slice(0, count);
    for (const victim of victims) victim.kill('SIGKILL');
    await Promise.all(victims.map(({ exited }) => exited));
    const started = await Promise.all(victims.map(() => startChild(this.settings)));
    this.running = [...this.running.slice(count), ...started];
    return count;
  }

  /** All that was in it is gone with it. */
  async killRedis(): Promise<number> {
    this.redis.kill('SIGKILL');
    await this.redis.gone();
    for (const path of ['appendonlydir', 'appendonly.aof']) {
      rmSync(join(this.dir, path), { recursive: true, force: true });
    }
    await this.redis.restart();
    return 1;
  }

  async stop(): Promise<void> {
    killChildren();
    await this.redis.stop();
  }
}
