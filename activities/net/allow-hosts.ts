import { portOf } from './port.ts';

/** Returns whether a URL's host and port may be called even if they are private, or the port is not 80 or 443. */
export type AllowHosts = (url: URL) => boolean;

/** @param entries `host:port`; an IPv6 address in brackets. Throws a TypeError for anything else. */
export function createAllowHosts(entries: readonly string[]): AllowHosts {
  const allowed = new Set(entries.map(normalise));
  return (url) => allowed.has(`${url.hostname}:${portOf(url)}`);
}

/** Spells an entry as a URL spells its host: lower case, `127.0.0.1` for `127.1`, the shortest IPv6 form. */
function normalise(entry: string): string {
  const url = /:\d+$/.test(entry) && URL.canParse(`http://${entry}`) ? new URL(`http://${entry}`) : undefined;
  if (url === undefined || url.href !== `http://${url.host}/`) {
    throw new TypeError(`"${entry}" is not of the form host:port`);
  }
  return `${url.hostname}:${portOf(url)}`;
}
