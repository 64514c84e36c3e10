/** Request headers that several routes take. */
import { z } from '@hono/zod-openapi';

export const idempotencyKey = z.string().min(1).max(255).optional();

export const ifMatch = z
  .string()
  .max(1024)
  .optional()
  .meta({ description: 'The ETag of the state that you have seen.' });
