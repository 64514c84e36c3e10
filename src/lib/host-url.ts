/**
 * Returns the URL of a server that listens on a host and a port.
 * @param everywhere the name to use instead of a host that means all interfaces, which no client can connect
 * to.
 */
export function hostUrl(host: string, port: number, everywhere = 'localhost'): string {
  const name = host === '' || host === '0.0.0.0' || host === '::' ? everywhere : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
