/**
 * The process. What it does on a signal is set before anything else is loaded: the first process of a container
 * ignores a signal that it has no handler for, and would be killed at the end of its grace instead.
 */
let stop = (): void => process.exit(0);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop());

// Whoever reads the logs may go; that is no reason to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  const { start } = await import('./start.js');
  await start((gracefully) => (stop = gracefully));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
