/** Returns a URL's port. URLs leave out the default port of their protocol. */
export function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}
