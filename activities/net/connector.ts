import dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { isPublicAddress } from './public-address.ts';

/** An address is not allowed. Thrown before any connection to it. */
export class AddressNotAllowed extends Error {
  override readonly name = 'AddressNotAllowed';
}

/**
 * Connects to public addresses only. The address it dials is the one that was checked: a name is resolved
 * once, so that it cannot resolve to something else a moment later (DNS rebinding). Any other address fails the
 * connection with {@link AddressNotAllowed}.
 */
export function publicOnlyConnector(timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, lookup: publicOnlyLookup });
  return (options, callback) => {
    // Node doesn't call lookup for an address.
    const literal = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !isPublicAddress(literal)) callback(notAllowed(literal), null);
    else connect(options, callback);
  };
}

const publicOnlyLookup: LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) {
      callback(error, '');
      return;
    }
    // One private address is enough to fail: the DNS answer is malicious, or mixes internal and public by
    // mistake.
    const [first] = addresses;
    const rejected = addresses.find(({ address }) => !isPublicAddress(address));
    if (rejected || first === undefined) callback(notAllowed(rejected?.address ?? 'none', hostname), '');
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function notAllowed(address: string, hostname?: string): AddressNotAllowed {
  const what = hostname === undefined ? address : `${hostname} (${address})`;
  return new AddressNotAllowed(`${what} is not allowed: only public addresses are called`);
}
