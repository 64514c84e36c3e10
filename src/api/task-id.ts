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

/** @throws AppError not_found: what is no UUID is nobody's task. */
export function taskId(text: string): string {
  const id = text.toLowerCase();
  if (!uuid.test(id)) throw notFound();
  return id;
}
