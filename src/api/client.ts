import ipaddr from 'ipaddr.js';
import type { Context } from 'hono';
import type { ApiEnv } from './types.ts';

/** Where a request comes from. */
export interface Client {
  /** An IPv4 address, or an IPv6 network: a /64 is one customer's. */
  readonly address: string;
  /** By https, as far as is known. */
  readonly isSecure: boolean;
}

export type ClientOf = (c: Context<ApiEnv>) => Client;

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Tells clients apart. What a proxy says of them (X-Forwarded-For, X-Forwarded-Proto) counts only where the proxy's
 * address is among the trusted ones: anybody can send these headers.
 * @param trustedProxies addresses and CIDR ranges.
 */
export function createClientOf(trustedProxies: readonly string[]): ClientOf {
  const trusted = trustedProxies.map(rangeOf);

  function isTrusted(text: string): boolean {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.process(text);
    return trusted.some(
      ([network, bits]) => address.kind() === network.kind() && address.match(network, bits),
    );
  }

  return (c) => {
    const peer = c.env.incoming?.socket.remoteAddress ?? '';
    if (!isTrusted(peer)) return { address: networkOf(peer), isSecure: false };
    const hops = (c.req.header('X-Forwarded-For') ?? '').split(',').map((hop) => hop.trim());
    // From the right: what stands left of the first stranger is what that one says.
    const client = hops.findLast((hop) => hop !== '' && !isTrusted(hop)) ?? peer;
    const protocol = c.req.header('X-Forwarded-Proto')?.split(',').at(-1)?.trim().toLowerCase();
    return { address: networkOf(client), isSecure: protocol === 'https' };
  };
}

function rangeOf(text: string): Range {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function networkOf(text: string): string {
  if (!ipaddr.isValid(text)) return 'unknown';
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv4) return address.toString();
  return `${address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
