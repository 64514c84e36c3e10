import ipaddr from 'ipaddr.js';
import type { Context } from 'hono';
import type { ApiEnv } from './types.ts';

/** Where a request comes from. */
export interface CallerAddress {
  /** An IPv4 address, or an IPv6 /64 network, which belongs to one customer. */
  readonly address: string;
  /** Whether the request came over https, as far as is known. */
  readonly isSecure: boolean;
}

export type CallerAddressOf = (c: Context<ApiEnv>) => CallerAddress;

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Returns the function that finds the address of a caller. A proxy's X-Forwarded-For and X-Forwarded-Proto count only
 * if its address is trusted, because anyone can send these headers.
 * @param trustedProxies addresses and CIDR ranges.
 * @param onUntrusted called with the address of the first peer that sends X-Forwarded-For without being trusted.
 */
export function createCallerAddressOf(
  trustedProxies: readonly string[],
  onUntrusted: (peer: string) => void = () => undefined,
): CallerAddressOf {
  let hasReported = false;
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
    const forwardedFor = c.req.header('X-Forwarded-For');
    if (!isTrusted(peer)) {
      if (forwardedFor !== undefined && !hasReported) onUntrusted(peer);
      hasReported ||= forwardedFor !== undefined;
      return { address: networkOf(peer), isSecure: false };
    }
    const hops = (forwardedFor ?? '').split(',').map((hop) => withoutPort(hop.trim()));
    // Searched from the right: everything left of the first untrusted address is only that client's claim.
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

/** Returns the address of `203.0.113.7:4711`, `[2001:db8::1]:443` or `[2001:db8::1]`: some proxies send these. */
function withoutPort(hop: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(hop) ?? [];
  return bracketed ?? plain ?? hop;
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
