import { z } from '@hono/zod-openapi';
import { notFound } from '../contract/errors.ts';

/** Describes the path parameter `id`. @param description Says whose id it is. */
export function idParameter(description: string, example: string) {
  return z.object({ id: z.string().meta({ format: 'uuid', description, examples: [example] }) });
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Returns the id in lower case.
 * @param kind What it identifies, such as `Task`.
 * @throws AppError not_found if it is not a UUID: nothing has such an id.
 */
export function validId(text: string, kind: string): string {
  const id = text.toLowerCase();
  if (!uuid.test(id)) throw notFound(kind);
  return id;
}
