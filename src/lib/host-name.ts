/** A host as a URL spells it. */
export interface HostName {
  /** Name in lower case, or address: `127.0.0.1` for `127.1`, IPv6 in brackets and in its shortest form. */
  readonly hostname: string;
  readonly port: string | undefined;
}

/** A name or an address, with or without a port. No pattern, and none of what ends or precedes the host in a URL. */
const form = /^(?:\[[\da-f.:]+\]|[^\s[\]:/?#@\\*]+)(?::(?<port>\d{1,5}))?$/i;

/** Parses `host` or `host:port`. Returns undefined for anything else. */
export function parseHostName(text: string): HostName | undefined {
  const found = form.exec(text);
  if (found === null || !URL.canParse(`http://${text}`)) return undefined;
  const { port } = found.groups ?? {};
  return {
    hostname: new URL(`http://${text}`).hostname,
    port: port === undefined ? undefined : String(Number(port)),
  };
}
