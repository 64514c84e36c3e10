import { expect, test } from 'vitest';
import { defaultRetryPolicy, retryPolicy } from '../../src/contract/retry-policy.ts';
import { createTaskInput } from '../../src/contract/task.ts';

const task = { name: 'a task', delay: 0 };

test('a task that is created without a retry policy has the default one', () => {
  expect(createTaskInput.parse(task).retry).toEqual(defaultRetryPolicy);
});

test('a retry policy with some of its fields has the defaults for the others', () => {
  expect(retryPolicy.parse({ max_retries: 0 })).toEqual({ ...defaultRetryPolicy, max_retries: 0 });
  expect(createTaskInput.parse({ ...task, retry: { initial_interval: 1 } }).retry).toEqual({
    ...defaultRetryPolicy,
    initial_interval: 1,
  });
});
