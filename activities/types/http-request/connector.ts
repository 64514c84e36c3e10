import dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import { TaskFailure } from '../define.ts';

/** Azure's metadata service has a public address; those of other clouds are link-local, private or reserved. */
const azureMetadata = '168.63.129.16';

/**
 * Returns whether an address belongs to the public internet, and so may be called. In IPv6, that is 2000::/3;
 * what lies outside leads to IPv4 (mapped, NAT64), to the service's own network, or nowhere.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address) || address === azureMetadata) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(ipaddr.parseCIDR('2000::/3'));
}

/**
 * Connects to public addresses only. The address it dials is the one that was checked: a name is resolved
 * once, so that it cannot resolve to something else a moment later (DNS rebinding).
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
    // One private address is enough to refuse: the answer is malicious, or mixes internal and public by mistake.
    const [first] = addresses;
    const refused = addresses.find(({ address }) => !isPublicAddress(address));
    if (refused || first === undefined) callback(notAllowed(refused?.address ?? 'none', hostname), '');
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function notAllowed(address: string, hostname?: string): TaskFailure {
  const what = hostname === undefined ? address : `${hostname} (${address})`;
  const message = `${what} is not allowed: only public addresses are called`;
  return new TaskFailure('AddressNotAllowed', message, { retryable: false });
}
