interface Request {
  /** Values of the headers Origin, Host and Sec-Fetch-Site. */
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly fetchSite?: string | undefined;
  /**
   * Whether it came over https, as far as is known. If so, http pages of this host are foreign: others can
   * forge them.
   */
  readonly isSecure?: boolean;
}

/**
 * Returns whether a browser says that the request comes from our own page. Other clients say nothing and are
 * let through.
 */
export function isSameOrigin({ origin, host, fetchSite, isSecure = false }: Request): boolean {
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return false;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  return page.host === host && !(isSecure && page.protocol !== 'https:');
}
