/** Headers that the routes of several resources take or set. */
import { z } from '@hono/zod-openapi';

export const idempotencyKey = z.string().min(1).max(255).optional();

/** Describes the request header `If-Match`. */
export function ifMatchHeader(description: string) {
  return z.string().max(1024).optional().meta({ description });
}

/** Describes the response header `ETag`. */
export function etagHeader(description: string, example: string) {
  return { ETag: { description, schema: { type: 'string' as const }, example } };
}

/** Describes the response header `Location`. */
export function locationHeader(description: string, example: string) {
  return { Location: { description, schema: { type: 'string' as const }, example } };
}
