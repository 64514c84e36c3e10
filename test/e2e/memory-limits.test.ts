/** Handlers that use too much memory. */
import { expect, test } from 'vitest';
import { useOwnWorker } from '../support/own-worker.ts';
import { quickly } from '../support/task.ts';
import { waitFor } from '../support/wait-for.ts';

const { run, handlerPids } = useOwnWorker({ TASKBELL_MAX_MEMORY_PER_CHILD_MB: '200' });

test('a handler far over its memory limit is killed during its attempt', async () => {
  const task = await run({
    type: 'leaks',
    payload: { megabytes: 20, steps: 100, step_ms: 30 },
    retry: quickly,
  });
  expect(task.status).toBe('FAILED');
  // In a process that had run another handler before, the memory may be that one's, so the attempt is retried.
  for (const attempt of task.attempts)
    expect(attempt).toMatchObject({ outcome: 'failed', error: { type: 'MemoryLimitExceeded' } });
  expect(task.attempts.length).toBeGreaterThan(0);
});

test('a handler that fills its heap in one go also fails with MemoryLimitExceeded', async () => {
  const task = await run({ type: 'dies', payload: { how: 'exhaust-heap' }, retry: { max_retries: 0 } });
  expect(task).toMatchObject({ status: 'FAILED', attempts: [{ error: { type: 'MemoryLimitExceeded' } }] });
});

test('a handler over its memory limit can complete its attempt, and its process is replaced afterwards', async () => {
  const { result: first } = await run({ type: 'leaks', payload: { megabytes: 150 } });
  const { pid } = first as { pid: number };
  await waitFor('its process to end', async () => !(await handlerPids()).includes(pid));
  // One for each of the two slots, and a spare one.
  await expect.poll(handlerPids, { timeout: 10_000 }).toHaveLength(3);
});
