import type { Tracing } from '../tracing/tracing.types.js';

/** A job's data with what its work goes on with; as it is where nothing is traced. */
export function withTraceparent<Data>(tracing: Tracing | null, data: Data, span = tracing?.active): Data {
  return tracing === null || span === undefined ? data : { ...data, traceparent: tracing.traceparentOf(span) };
}

/** Does a job in a span: of the trace of whoever it is done for, or of one that begins with it. */
export function processTraced<T>(
  tracing: Tracing | null,
  queueName: string,
  { id, data }: { readonly id?: string | undefined; readonly data: unknown },
  work: () => Promise<T>,
): Promise<T> {
  if (tracing === null) return work();
  const { traceparent } = (data ?? {}) as { readonly traceparent?: unknown };
  const attributes = {
    'messaging.system': 'bullmq',
    'messaging.destination.name': queueName,
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    ...(id !== undefined && { 'messaging.message.id': id }),
  };
  const parent = typeof traceparent === 'string' ? traceparent : undefined;
  return tracing.during(`process ${queueName}`, { kind: 'consumer', parent, attributes }, work);
}
