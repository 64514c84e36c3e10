import { parseHostName } from '../../src/lib/host-name.ts';
import { portOf } from './port.ts';

/** Returns whether a URL's host and port may be called even if they are private, or the port is not 80 or 443. */
export type AllowHosts = (url: URL) => boolean;

/** @param entries `host:port`; an IPv6 address in brackets. Throws a TypeError for anything else. */
export function createAllowHosts(entries: readonly string[]): AllowHosts {
  const allowed = new Set(entries.map(normalise));
  return (url) => allowed.has(`${url.hostname}:${portOf(url)}`);
}

/** Spells an entry as a URL spells its host. */
function normalise(entry: string): string {
  const { hostname, port } = parseHostName(entry) ?? {};
  if (port === undefined) throw new TypeError(`"${entry}" is not of the form host:port`);
  return `${hostname}:${port}`;
}
