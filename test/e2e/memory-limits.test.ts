/** Handlers that use too much memory. */
import { beforeAll, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { childrenOf } from '../support/child-processes.ts';
import { waitFor } from '../support/wait-for.ts';
import { useService } from '../support/service.ts';
import { hasEnded, quickly } from '../support/task.ts';

const service = useService({
  workers: 0,
  environment: { TASKBELL_WORKER_CONCURRENCY: '2', TASKBELL_MAX_MEMORY_PER_CHILD_MB: '200' },
});
let alice: Caller;
let workerPid: number;

beforeAll(async () => {
  const worker = await service.startWorker();
  workerPid = worker.pid;
  alice = await service.as('alice');
});

async function run(task: Record<string, unknown>): Promise<Task> {
  const { id } = await alice.create({ name: 'uses memory', delay: 0, ...task });
  return alice.until(id, 'its end', hasEnded, 55_000);
}

/** Returns the ids of the worker's handler processes. */
function handlerPids(): Promise<number[]> {
  return childrenOf(workerPid);
}

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
