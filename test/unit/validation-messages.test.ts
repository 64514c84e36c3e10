import { expect, test } from 'vitest';
import { z } from 'zod';
import { fieldErrors } from '../../src/contract/issues.ts';
import { createTaskInput } from '../../src/contract/task.ts';

function messagesOf(schema: z.ZodType, value: unknown): Record<string, string> {
  const { error } = schema.safeParse(value);
  return Object.fromEntries(
    error ? fieldErrors(error).map(({ pointer, message }) => [pointer, message]) : [],
  );
}

test('reports the errors of a task in readable words', () => {
  const tags = Array.from({ length: 11 }, (_, index) => `t${index}`);
  const retry = { max_retries: 101, initial_interval: 'soon', backoff_coefficient: 0 };
  const after = ['unknown'];
  expect(messagesOf(createTaskInput, { name: 'x', delay: 0, tags, retry, after, time_limit: 1.5 })).toEqual({
    '/tags': 'At most 10 tags.',
    '/retry/max_retries': 'At most 100.',
    '/retry/initial_interval': 'Must be a number.',
    '/retry/backoff_coefficient': 'At least 1.',
    '/after/0': 'Not a valid task id.',
    '/time_limit': 'Must be a whole number.',
  });
});

test("reports the errors of a task type's schema in the same words, and keeps the schema's own messages", () => {
  const schema = z.object({
    url: z.string(),
    text: z.string().min(1),
    list: z.array(z.int()).min(1),
    own: z.int('Mine.'),
  });
  expect(messagesOf(schema, { text: '', list: [], own: 'x' })).toEqual({
    '/url': 'This field is required.',
    '/text': 'This field may not be blank.',
    '/list': 'At least 1 entry.',
    '/own': 'Mine.',
  });
});
