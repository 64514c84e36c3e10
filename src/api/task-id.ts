import { z } from '@hono/zod-openapi';
import { notFound } from '../contract/errors.ts';

export const idParameter = z.object({
  id: z.string().meta({
    format: 'uuid',
    description: "The task's id.",
    examples: ['6bb2a102-cc8f-401b-a395-3243464ca175'],
  }),
});

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Returns the id in lower case. @throws AppError not_found if it is not a UUID: no task has such an id. */
export function taskId(text: string): string {
  const id = text.toLowerCase();
  if (!uuid.test(id)) throw notFound();
  return id;
}
