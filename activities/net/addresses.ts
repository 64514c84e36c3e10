import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { errorMessage } from '../../src/lib/error-message.ts';
import { isPublicAddress } from './public-address.ts';

/** A URL names an address that is not allowed. Thrown before any connection to it. */
export class AddressNotAllowed extends Error {
  override readonly name = 'AddressNotAllowed';
}

/**
 * A name does not lead to public addresses alone. Whether it exists, and where it leads, are not in the message:
 * they would show every user which internal names and addresses there are. They are in `detail`, for the operator.
 */
export class NoPublicAddress extends Error {
  override readonly name = 'NoPublicAddress';
  readonly detail: string;

  constructor(hostname: string, detail: string) {
    super(`${hostname} does not exist, or leads to an address that may not be called`);
    this.detail = detail;
  }
}

/** Maximum number of addresses of a name that are tried. */
const maxAddresses = 10;

/**
 * Returns the addresses of a URL's host, in the order in which to try them.
 * @param allowsPrivate whether they may be other than public
 * @throws {AddressNotAllowed}, {@link NoPublicAddress}, or the resolver's error if any address is allowed.
 */
export async function addressesOf(url: URL, allowsPrivate: boolean): Promise<readonly string[]> {
  const hostname = bareHostname(url);
  if (isIP(hostname) === 0) {
    return allowsPrivate ? resolve(hostname) : resolvePublic(hostname);
  }
  if (allowsPrivate || isPublicAddress(hostname)) return [hostname];
  throw new AddressNotAllowed(`${hostname} is not allowed: only public addresses are called`);
}

/** Returns a URL's host, an IPv6 address without its brackets. */
export function bareHostname(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

async function resolvePublic(hostname: string): Promise<readonly string[]> {
  const addresses = await resolve(hostname).catch((error: unknown) => {
    throw new NoPublicAddress(hostname, errorMessage(error));
  });
  // One private address is enough to fail: the DNS answer is malicious, or mixes internal and public by mistake.
  const rejected = addresses.filter((address) => !isPublicAddress(address));
  if (rejected.length > 0) throw new NoPublicAddress(hostname, `it leads to ${rejected.join(', ')}`);
  return addresses;
}

async function resolve(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true, order: 'verbatim' });
  return alternating(found).slice(0, maxAddresses);
}

/** Alternates between the families (RFC 8305), so that a family without a route delays the other one little. */
export function alternating(found: readonly { address: string; family: number }[]): readonly string[] {
  const first = found.filter(({ family }) => family === found[0]?.family);
  const second = found.filter(({ family }) => family !== found[0]?.family);
  const pairs = found.map((_, index) => [first[index], second[index]]);
  return pairs.flat().flatMap((each) => (each === undefined ? [] : [each.address]));
}
