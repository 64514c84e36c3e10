import ipaddr from 'ipaddr.js';

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
