import type { AddressInfo } from 'node:net';
import type { HttpAdapterHost } from '@nestjs/core';

/** Addresses that mean all interfaces; a browser on this machine finds each by loopback. */
const ALL_INTERFACES: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Where this process listens, as seen from this machine; null where it does not. */
export function ownOrigin({ httpAdapter }: HttpAdapterHost): string | null {
  // Nest promises an adapter also to an application without HTTP, which has none.
  const server = (httpAdapter as typeof httpAdapter | undefined)?.getHttpServer() as
    { address(): AddressInfo | null } | undefined;
  const at = server?.address() ?? null;
  if (at === null) return null;
  const host = ALL_INTERFACES.has(at.address) ? '127.0.0.1' : at.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${at.port}`;
}
