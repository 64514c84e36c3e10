/** Request headers that several routes take. */
import { z } from '@hono/zod-openapi';

export const idempotencyKey = z.string().min(1).max(255).optional();

export const ifMatch = z
  .string()
  .max(1024)
  .optional()
  .meta({ description: 'The `ETag` of the task as you last read it.' });

/** Response headers that several routes set. */
export const etagHeader = {
  ETag: {
    description: 'Run, version and status of the task. Send it as `If-Match`.',
    schema: { type: 'string' as const },
    example: '"01a21744-428c-7c12-9ecd-ffb4868a65de.1.SCHEDULED"',
  },
};

export const locationHeader = {
  Location: {
    description: 'The path of the task.',
    schema: { type: 'string' as const },
    example: '/api/tasks/6bb2a102-cc8f-401b-a395-3243464ca175/',
  },
};
