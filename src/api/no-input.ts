import { z } from '@hono/zod-openapi';

const schema = z.strictObject({}).meta({ examples: [{}] });

/**
 * The body of a request that has no input: an object without fields, or nothing. Declared, so that unknown fields are
 * rejected.
 */
export const noInput = {
  description: 'No input.',
  content: { 'application/json': { schema } },
  required: false,
} as const;

/** Returns whether the OpenAPI document describes a body as {@link noInput}. */
export function isNoInput(
  body: { readonly description?: string } | { readonly $ref: string } | undefined,
): boolean {
  return body !== undefined && 'description' in body && body.description === noInput.description;
}
