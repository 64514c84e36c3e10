import { z } from '@hono/zod-openapi';
import { notFound } from '../contract/errors.ts';
import { isUuid } from '../lib/uuid.ts';

/** Describes the path parameter `id`. @param description Says whose id it is. */
export function idParameter(description: string, example: string) {
  return z.object({ id: z.string().meta({ format: 'uuid', description, examples: [example] }) });
}

/**
 * Returns the id in lower case.
 * @param kind What it identifies, such as `Task`.
 * @throws AppError not_found if it is not a UUID: nothing has such an id.
 */
export function validId(text: string, kind: string): string {
  const id = text.toLowerCase();
  if (!isUuid(id)) throw notFound(kind);
  return id;
}
