/** Implements RFC 9110, 13.1.1: `If-Match` is a list of tags, or `*` for any state. */
export function matchesEtag(ifMatch: string, etag: string): boolean {
  return ifMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim() === etag);
}
