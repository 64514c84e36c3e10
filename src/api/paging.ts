/** What all lists that come in pages share. */
import { z } from '@hono/zod-openapi';

export const pageFields = {
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().max(4096).optional().meta({ description: 'From the Link header of the page before.' }),
};

/** Where a list goes on. */
export const linkHeader = {
  Link: { description: '`rel="next"`, when there is more.', schema: { type: 'string' as const } },
};
