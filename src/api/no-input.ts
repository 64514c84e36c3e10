import { z } from '@hono/zod-openapi';

const schema = z.strictObject({}).meta({ examples: [{}] });

/**
 * The body of a request that has no input: an object without fields, or nothing. Declared, so that unknown fields are
 * rejected.
 */
export const noInput = { content: { 'application/json': { schema } }, required: false } as const;
