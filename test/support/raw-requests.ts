import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from 'node:http';
import { type RequestOptions, request as tlsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Body } from './service.js';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON object; empty when there was none. */
  readonly body: Body;
}

/** Sends a request over TLS if `ca` is given. Unlike `fetch`, it leaves the path as it is and takes a certificate to trust. */
export async function sendRaw(
  method: string,
  path: string,
  body: unknown,
  { headers, ...options }: RequestOptions & { readonly port: number | string | null | undefined },
): Promise<RawAnswer> {
  const payload = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const head = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
  const request = options.ca === undefined ? plainRequest : tlsRequest;
  const outgoing = request({
    ...{ host: '127.0.0.1', method, path },
    ...options,
    headers: { ...(payload !== '' && head), ...headers },
  });
  outgoing.end(payload);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const answer = await (isStream(incoming) ? beginningOf(incoming) : text(incoming));
  const isJson = incoming.headers['content-type']?.includes('json') === true;
  return {
    status: incoming.statusCode!,
    headers: incoming.headers,
    body: isJson ? (JSON.parse(answer) as Body) : {},
  };
}

function isStream({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.includes('event-stream') === true;
}

/** A stream has no end: its beginning is its answer. */
async function beginningOf(incoming: IncomingMessage): Promise<string> {
  const [chunk] = (await once(incoming, 'data')) as [Buffer];
  incoming.destroy();
  return chunk.toString();
}
