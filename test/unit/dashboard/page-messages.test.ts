import { expect, test } from 'vitest';
import { TaskbellError } from '../../../src/client/index.ts';
import { explain } from '../../../src/dashboard/page-messages.ts';

test('an error is explained in its own words, and its fields in sentences of their own', () => {
  const facts = { status: 400, code: 'validation' };
  expect(explain(new TaskbellError('Task has ended', facts))).toBe('Task has ended');
  const errors = [
    { pointer: '/name', message: 'This field is required.' },
    { pointer: '/delay', message: 'Cannot schedule tasks in the past' },
  ];
  expect(explain(new TaskbellError('The task is invalid', { ...facts, errors }))).toBe(
    'The task is invalid. /name: This field is required. /delay: Cannot schedule tasks in the past.',
  );
});
