import type { Config } from '../config/config.js';
import type { Tracing } from './tracing.types.js';

/** The tracing of this process; null where no collector is set, and then nothing of OpenTelemetry's SDK is loaded. */
export async function startTracing({ tracing, groupCommit }: Config): Promise<Tracing | null> {
  if (tracing.endpoint === '') return null;
  const { SdkTracing } = await import('./sdk-tracing.js');
  return new SdkTracing(tracing, groupCommit.batchSizeMax);
}
