interface Request {
  /** The headers of these names. */
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly fetchSite?: string | undefined;
  /** It came by https, as far as is known: then http pages of the same host, which others may write, are strangers. */
  readonly isSecure?: boolean;
}

/** Whether a browser says that the request comes from a page of our own. Other clients say nothing, and are let through. */
export function isSameOrigin({ origin, host, fetchSite, isSecure = false }: Request): boolean {
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return false;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  return page.host === host && !(isSecure && page.protocol !== 'https:');
}
