/** Parameters and headers shared by all paginated lists. */
import { z } from '@hono/zod-openapi';
import type { Principal } from '../auth/principal.ts';

export const pageFields = {
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z
    .string()
    .max(4096)
    .optional()
    .meta({ description: 'From the `Link` header of the previous page.' }),
};

/** Header that points to the next page. */
export const linkHeader = {
  Link: {
    description: 'The next page, as `rel="next"`, if there is one.',
    schema: { type: 'string' as const },
  },
};

/** Returns what a cursor is bound to: the list, its caller, and its filter. */
export function cursorScope(
  list: string,
  { id, role }: Pick<Principal, 'id' | 'role'>,
  filter: string,
): string {
  return `${list}\0${id}\0${role}\0${filter}`;
}

/**
 * Returns the `Link` header that points to the next page.
 * @param query The filter of the list, to which `limit` and `cursor` are added.
 */
export function nextPageLink(
  path: string,
  query: URLSearchParams,
  { limit, cursor }: { limit: number; cursor: string },
): string {
  const next = new URLSearchParams(query);
  next.set('limit', String(limit));
  next.set('cursor', cursor);
  return `<${path}?${next.toString()}>; rel="next"`;
}
