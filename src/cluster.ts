import cluster, { type Worker } from 'node:cluster';
import type { Config } from './config/config.js';
import { answerScrapes } from './metrics/worker-metrics.js';

/** A worker that ends sooner than this after its start is started again only after a pause. */
const SHORT_LIFE_MS = 5000;
const PAUSE_MS = 1000;

/**
 * The primary of `WEB_CONCURRENCY` workers behind one port: starts them, and replaces those that end. If none of the first
 * ones ever listens, what keeps them from it will keep the next ones too: then it ends with code 1, as a service of one
 * process does.
 *
 * @returns what a signal does: the workers are told to end, and once they have drained the process ends with code 0.
 */
export function supervise(config: Config): () => void {
  let isStopping = false;
  let hasListened = false;

  const fork = (): void => {
    // A token that was made up must be the same in all workers.
    const worker = cluster.fork({ ADMIN_TOKEN: config.adminToken, ADMIN_TOKEN_FILE: undefined });
    const startedAt = performance.now();
    worker.once('exit', () => ended(performance.now() - startedAt));
    // Of messages that it did not live to read.
    worker.on('error', () => undefined);
  };
  const ended = (lifeMs: number): void => {
    if (isStopping) return exitWhenAlone();
    if (!hasListened) {
      stop(1);
      return exitWhenAlone();
    }
    process.stderr.write('A worker ended; another takes its place.\n');
    setTimeout(() => !isStopping && fork(), lifeMs < SHORT_LIFE_MS ? PAUSE_MS : 0);
  };
  const exitWhenAlone = (): void => {
    if (workers().length === 0) process.exit();
  };
  const stop = (code: number): void => {
    if (isStopping) return;
    isStopping = true;
    process.exitCode = code;
    for (const worker of workers()) worker.process.kill('SIGTERM');
    // Workers end in time by themselves; one that hangs is left to the end of this process, which ends it too.
    setTimeout(() => process.exit(), config.shutdownDelayMs + config.shutdownTimeoutMs).unref();
    exitWhenAlone();
  };

  // Each worker takes its connections from the one listener by itself. A primary that takes them and hands them on has no
  // use for those whose worker dies before it has them: their clients would be left without an answer and without an end.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.once('listening', () => (hasListened = true));
  answerScrapes();
  for (let count = 0; count < config.webConcurrency; count++) fork();
  return () => stop(0);
}

function workers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker): worker is Worker => worker?.isDead() === false);
}
