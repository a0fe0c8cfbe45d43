/** Which addresses of the network may be told of events: a shop's, and never what is beside us. */
import { lookup as resolve } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The address is none that events are sent to. */
export class AddressRefusedError extends Error {
  constructor(host: string) {
    super(`${host} leads to an address that is not public`);
    this.name = 'AddressRefusedError';
  }
}

/** Whether it is an address of the public network: neither of this machine, nor of a network behind it, nor of none. */
function isPublic(address: string): boolean {
  const parsed = ipaddr.process(address);
  return parsed.range() === 'unicast';
}

interface Address {
  readonly address: string;
  readonly family: number;
}

/**
 * The address that a host is written as; null for a name. No resolver is asked for it, so it has to be checked here.
 *
 * @throws AddressRefusedError where it is not public.
 */
export function addressWritten(host: string, isPrivateAllowed: boolean): Address | null {
  const address = host.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  if (family === 0) return null;
  if (!isPrivateAllowed && !isPublic(address)) throw new AddressRefusedError(host);
  return { address, family };
}

/**
 * The addresses of a host, each of them checked. It is asked once, and what was checked is what is connected to: a name
 * that leads elsewhere at the second question would get past a check that only looks.
 *
 * @throws AddressRefusedError where any of them is not public; whatever the resolver says.
 */
export async function publicAddressesOf(host: string, isPrivateAllowed: boolean): Promise<Address[]> {
  const written = addressWritten(host, isPrivateAllowed);
  if (written !== null) return [written];
  const found = await resolve(host, { all: true });
  if (!isPrivateAllowed && !found.every(({ address }) => isPublic(address))) throw new AddressRefusedError(host);
  return found;
}
