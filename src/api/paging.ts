/** Parameters and headers shared by all paginated lists. */
import { z } from '@hono/zod-openapi';

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
