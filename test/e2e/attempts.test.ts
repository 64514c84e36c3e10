import { beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded, quickly } from '../support/task.ts';

const service = useService();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

async function run(task: Record<string, unknown>): Promise<Task> {
  const { id } = await alice.create({ name: 'attempted', delay: 0, ...task });
  return alice.until(id, 'its end', hasEnded);
}

describe("the task's retry policy", () => {
  test('repeats a failed attempt with its checkpoint and the same idempotency key, and keeps every attempt with its log', async () => {
    const task = await run({ type: 'flaky', payload: { failures: 2 }, retry: quickly });
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 3, retry_count: 2, error_message: null });
    const { earlier } = task.result as { earlier: string[] };
    expect(earlier).toHaveLength(2);
    expect(new Set(earlier).size).toBe(1);
    expect(task.attempts).toMatchObject([
      { attempt: 1, outcome: 'failed', error: { type: 'Flaky', message: 'failure 1' } },
      { attempt: 2, outcome: 'failed', error: { type: 'Flaky', message: 'failure 2' } },
      { attempt: 3, outcome: 'completed', error: null },
    ]);
    expect(task.attempts[1]?.log).toEqual([expect.stringMatching(/^\S+Z INFO attempt 2$/)]);
  });

  test('ends the task FAILED with the last error once its retries are used up, and allows them all again when the task is retried', async () => {
    const task = await run({
      type: 'flaky',
      payload: { failures: 3 },
      retry: { ...quickly, max_retries: 1 },
    });
    expect(task).toMatchObject({ status: 'FAILED', attempt: 2, retry_count: 1, error_message: 'failure 2' });
    expect(task.attempts).toHaveLength(2);
    await alice.call('POST', `/api/tasks/${task.id}/retry/`);
    const again = await alice.until(
      task.id,
      'its second end',
      (now) => hasEnded(now) && now.version > task.version,
    );
    expect(again).toMatchObject({ status: 'FAILED', attempt: 2, retry_count: 3 });
  });

  test('shows the failed attempt during the backoff, and when the next one starts', async () => {
    const retry = { initial_interval: 3, backoff_coefficient: 1 };
    const task = { type: 'flaky', payload: { failures: 1 }, retry };
    const { id } = await alice.create({ name: 'waits', delay: 0, ...task });
    const waits = await alice.until(id, 'its backoff', ({ waiting }) => waiting?.reason === 'backoff');
    expect(waits.attempts).toMatchObject([{ attempt: 1, outcome: 'failed', error: { type: 'Flaky' } }]);
    expect(waits.attempts[0]?.log[0]).toContain('attempt 1');
    const until = Date.parse(waits.waiting?.until ?? '');
    const wait = until - Date.parse(waits.attempts[0]?.finished_at ?? '');
    // 3 s ± 10 %, plus the time that the failure took to reach the workflow.
    expect(wait).toBeGreaterThanOrEqual(2700);
    expect(wait).toBeLessThan(4500);
    const end = await alice.until(id, 'its end', hasEnded);
    expect(Date.parse(end.attempts[1]?.started_at ?? '')).toBeGreaterThanOrEqual(until);
    expect(end.attempts[0]).toEqual(waits.attempts[0]);
  });

  test('does not repeat an attempt whose failure is not retryable', async () => {
    const task = await run({ type: 'hopeless', retry: quickly });
    expect(task).toMatchObject({ status: 'FAILED', attempt: 1, error_message: 'no retry can help' });
    expect(task.attempts).toMatchObject([{ error: { type: 'Hopeless' } }]);
  });

  test('waits at least as long as the failure asks for', async () => {
    const task = await run({ type: 'flaky', payload: { failures: 1, retry_after_ms: 900 }, retry: quickly });
    const [first, second] = task.attempts;
    const gap = Date.parse(second?.started_at ?? '') - Date.parse(first?.finished_at ?? '');
    expect(gap).toBeGreaterThanOrEqual(900);
  });
});

describe('the soft time limit', () => {
  test('asks the handler to stop, and the failure is retried', async () => {
    const task = await run({
      type: 'slow',
      payload: { steps: 100, step_ms: 100 },
      soft_time_limit: 1,
      time_limit: 20,
      retry: { ...quickly, max_retries: 1 },
    });
    expect(task).toMatchObject({ status: 'FAILED', attempt: 2 });
    expect(task.attempts).toMatchObject([
      { error: { type: 'SoftTimeLimitExceeded' } },
      { error: { type: 'SoftTimeLimitExceeded' } },
    ]);
  });
});

describe('a handler', () => {
  test.each([
    ['huge', 'ResultTooLarge'],
    ['cyclic', 'ResultNotSerialisable'],
    ['function', 'ResultNotSerialisable'],
  ])('that returns a %s value fails its task for good as %s', async (kind, type) => {
    const task = await run({ type: 'odd', payload: { kind }, retry: quickly });
    expect(task).toMatchObject({ status: 'FAILED', attempt: 1, result: null });
    expect(task.attempts).toMatchObject([{ error: { type } }]);
  });

  test('that returns nothing completes its task with the result null', async () => {
    expect(await run({ type: 'odd', payload: { kind: 'nothing' } })).toMatchObject({
      status: 'COMPLETED',
      result: null,
    });
  });

  test('that throws a value other than an Error fails its task, and the error message contains the value', async () => {
    const task = await run({ type: 'odd', payload: { kind: 'throws-a-string' }, retry: { max_retries: 0 } });
    expect(task).toMatchObject({ status: 'FAILED' });
    expect(task.error_message).toContain('just a string');
  });
});

describe('a handler that goes too far', () => {
  test.each([
    ['big-checkpoint', 'CheckpointTooLarge'],
    ['cyclic-checkpoint', 'CheckpointNotSerialisable'],
  ])('with a %s fails its task for good as %s', async (how, type) => {
    const task = await run({ type: 'bad', payload: { how }, retry: quickly });
    expect(task).toMatchObject({ status: 'FAILED', attempt: 1 });
    expect(task.attempts).toMatchObject([{ outcome: 'failed', error: { type } }]);
  });

  test.each(['long-message', 'odd-message'])('with a %s fails its attempt, which is retried', async (how) => {
    const task = await run({ type: 'bad', payload: { how }, retry: quickly });
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 1 });
    expect(task.attempts[0]).toMatchObject({ outcome: 'failed', error: { type: 'Error' } });
    expect(task.attempts[0]?.error?.message.length).toBeLessThan(5000);
  });

  test('with a retry delay of a million years waits a day, and its task can be cancelled', async () => {
    const { id } = await alice.create({ name: 'far', type: 'bad', delay: 0, payload: { how: 'far-retry' } });
    const waits = await alice.until(id, 'its backoff', ({ waiting }) => waiting?.reason === 'backoff');
    expect(Date.parse(waits.waiting?.until ?? '')).toBeLessThan(Date.now() + 25 * 3_600_000);
    const { body } = await alice.call<Task>('POST', `/api/tasks/${id}/cancel/`);
    expect(body.status).toBe('CANCELLED');
  });
});
