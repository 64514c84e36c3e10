/** How attempts are stopped: by their limits, by a cancellation, or by their worker's shutdown. */
import { defaultPayloadConverter } from '@temporalio/client';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Attempt, Task } from '../../src/contract/task.ts';
import type { AttemptHeartbeat } from '../../src/contract/workflow.ts';
import type { Caller } from '../support/caller.ts';
import { childrenOf, isRunning } from '../support/child-processes.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTestWorker, useService } from '../support/service.ts';
import { hasEnded, hasRunningAttempt, quickly } from '../support/task.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const cancelling = ({ waiting }: Task): boolean => waiting?.reason === 'cancelling';

/** Returns when a `tidy` handler was asked to stop, in milliseconds since the epoch. */
function askedToStopAt({ log }: Attempt): number {
  return Number(/asked to stop at (\d+)/.exec(log.join('\n'))?.[1]);
}

function cleanupMs(attempt: Attempt): number {
  return Date.parse(attempt.finished_at ?? '') - askedToStopAt(attempt);
}

function theAttempt({ attempts: [only, ...others] }: Task): Attempt {
  if (!only || others.length > 0) throw new Error(`There are ${others.length + 1} attempts`);
  return only;
}

describe('on a worker that keeps running,', () => {
  const service = useService();
  let alice: Caller;
  beforeAll(async () => {
    alice = await service.as('alice');
  });

  async function create(task: Record<string, unknown>): Promise<Task> {
    return alice.create({ name: 'stopped', delay: 0, type: 'tidy', ...task });
  }

  async function run(task: Record<string, unknown>): Promise<Task> {
    const { id } = await create(task);
    return alice.until(id, 'its end', hasEnded);
  }

  describe('the soft time limit', () => {
    const limits = { soft_time_limit: 1, time_limit: 20, retry: quickly };

    test('lets the handler clean up and still report its result', async () => {
      const task = await run({ ...limits, payload: { cleanup_ms: 300 } });
      expect(task).toMatchObject({ status: 'COMPLETED', result: { stopped: 'SoftTimeLimitExceeded' } });
    });

    test('makes any error that the handler then throws a SoftTimeLimitExceeded', async () => {
      const task = await run({ ...limits, payload: { ends_by: 'throw' } });
      // This task type says that a retry after this limit is of no use.
      expect(task).toMatchObject({ status: 'FAILED', attempt: 1 });
      expect(task.attempts).toMatchObject([{ outcome: 'failed', error: { type: 'SoftTimeLimitExceeded' } }]);
    });

    test('leaves a TaskFailure that the handler throws unchanged', async () => {
      const task = await run({ ...limits, payload: { ends_by: 'fail' } });
      expect(task).toMatchObject({ status: 'FAILED', attempts: [{ error: { type: 'CleanedUp' } }] });
    });
  });

  test('the hard time limit also ends a cleanup, and the task is retried from its checkpoint if its type says so', async () => {
    const payload = { cleanup_ms: 60_000 };
    const task = await run({ payload, soft_time_limit: 1, time_limit: 2, retry: quickly });
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 1 });
    expect(task.result).toEqual({ attempt: 2, before: { stopped: 'SoftTimeLimitExceeded' } });
    expect(task.attempts[0]).toMatchObject({ outcome: 'failed', error: { type: 'TimeLimitExceeded' } });
  });

  describe('a cancellation', () => {
    async function cancelled(payload: Record<string, unknown>, limits = {}): Promise<[number, Task]> {
      const { id } = await create({ payload, ...limits });
      await alice.until(id, 'it to run', hasRunningAttempt);
      const asked = Date.now();
      await alice.call('POST', `/api/tasks/${id}/cancel/`);
      return [asked, await alice.until(id, 'its end', hasEnded)];
    }

    test.each(['report', 'throw', 'fail'])(
      'reaches the handler soon, and ends the task CANCELLED even if the reaction of the handler is to %s',
      async (ends_by) => {
        const [asked, task] = await cancelled({ ends_by });
        expect(task).toMatchObject({ status: 'CANCELLED', result: null, error_message: null });
        const attempt = theAttempt(task);
        expect(attempt).toMatchObject({ outcome: 'cancelled', error: null });
        expect(attempt.log.join()).toContain('Cancelled');
        // Within a second on a quiet machine: bench/handlers.ts measures it.
        expect(askedToStopAt(attempt) - asked).toBeLessThan(3000);
      },
    );

    test('lets the handler clean up, and shows the task as cancelling in the meantime', async () => {
      const cleanupForMs = 6000;
      const { id } = await create({ type: 'thorough', payload: { cleanup_ms: cleanupForMs } });
      await alice.until(id, 'it to run', hasRunningAttempt);
      await alice.call('POST', `/api/tasks/${id}/cancel/`);
      expect(await alice.read(id)).toMatchObject({ status: 'RUNNING', waiting: { reason: 'cancelling' } });
      const stopping = await alice.until(id, 'the handler to be asked to stop', ({ attempts }) =>
        Boolean(attempts[0]?.log.length),
      );
      expect(stopping).toSatisfy(cancelling);
      const task = await alice.until(id, 'its end', hasEnded);
      expect(task.status).toBe('CANCELLED');
      expect(cleanupMs(theAttempt(task))).toBeGreaterThan(cleanupForMs - 100);
    });

    test('kills a handler whose cleanup takes longer than its task type allows', async () => {
      const [, task] = await cancelled({ cleanup_ms: 60_000 });
      expect(task).toMatchObject({ status: 'CANCELLED', attempts: [{ outcome: 'cancelled' }] });
      expect(cleanupMs(theAttempt(task))).toBeGreaterThan(1900);
    });

    test('ends the task CANCELLED even if it arrives during the cleanup after the soft time limit', async () => {
      const payload = { cleanup_ms: 8000 };
      const { id } = await create({ type: 'thorough', payload, soft_time_limit: 1, time_limit: 60 });
      await alice.until(id, 'the soft time limit', ({ attempts }) => Boolean(attempts[0]?.log.length));
      await alice.call('POST', `/api/tasks/${id}/cancel/`);
      expect(await alice.until(id, 'its end', hasEnded)).toMatchObject({ status: 'CANCELLED' });
    });
  });
});

describe('the shutdown of a worker', () => {
  const service = useService({ workers: 0 });
  const startWorker = (graceSeconds: number) =>
    startTestWorker(service, { TASKBELL_SHUTDOWN_GRACE: String(graceSeconds) });

  test('hands its attempt back, and the next one soon starts on another worker, from the checkpoint and without using up a retry', async () => {
    const first = await startWorker(1);
    const alice = await service.as('alice');
    const task = { type: 'tidy', delay: 0, payload: { ends_by: 'throw' }, retry: { max_retries: 0 } };
    const { id } = await alice.create({ name: 'handed back', ...task });
    await alice.until(id, 'it to run', hasRunningAttempt);
    const second = await startWorker(1);
    process.kill(first.pid, 'SIGTERM');
    const end = await alice.until(id, 'its end', hasEnded);
    expect(await first.ended).toBe('exit code 0');
    expect(end).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 0 });
    expect(end.result).toEqual({ attempt: 2, before: { stopped: 'WorkerShutdown' } });
    const [before, after] = end.attempts;
    expect(before).toMatchObject({ attempt: 1, outcome: 'handed_back', error: { type: 'HandedBack' } });
    expect(before?.log.join()).toContain('WorkerShutdown');
    expect(before?.worker).toContain(String(first.pid));
    expect(after).toMatchObject({ attempt: 2, outcome: 'completed' });
    expect(after?.worker).toContain(String(second.pid));
    const gap = Date.parse(after?.started_at ?? '') - Date.parse(before?.finished_at ?? '');
    expect(gap).toBeLessThan(5000);
  });

  test('kills a handler that does not react, and keeps the record of its attempt while no worker continues it', async () => {
    const worker = await startWorker(1);
    const alice = await service.as('alice');
    const { id } = await alice.create({ name: 'loops', type: 'loops', delay: 0 });
    await alice.until(id, 'its log', ({ attempts }) => attempts.at(-1)?.log.length === 1);
    const handlers = await childrenOf(worker.pid);
    process.kill(worker.pid, 'SIGTERM');
    expect(await worker.ended).toBe('exit code 0');
    await waitFor('the handler processes to end', () => handlers.every((pid) => !isRunning(pid)));
    const open = await alice.read(id);
    expect(open.attempts).toMatchObject([{ attempt: 1, outcome: 'handed_back' }]);
    // Handed back, so that it does not count as an attempt that lost its worker.
    expect((await heartbeatOf(id))?.handed_back).toBe(1);
    expect(open.attempts[0]?.log[0]).toContain('looping');
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    await startWorker(1);
    // The attempt can start once more before the workflow has handled the cancellation.
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end.status).toBe('CANCELLED');
    expect(end.attempts[0]).toEqual(open.attempts[0]);
  }, 90_000);

  test('lets an attempt finish within the grace time, and starts no new one', async () => {
    const worker = await startWorker(30);
    const alice = await service.as('alice');
    const slow = { type: 'slow', delay: 0, payload: { steps: 20, step_ms: 100 } };
    const { id } = await alice.create({ name: 'finishes', ...slow });
    await alice.until(id, 'it to run', hasRunningAttempt);
    process.kill(worker.pid, 'SIGTERM');
    const { id: late } = await alice.create({ name: 'late', type: 'echo', delay: 0 });
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'COMPLETED', attempt: 1, attempts: [{ outcome: 'completed' }] });
    expect(await worker.ended).toBe('exit code 0');
    expect(await alice.read(late)).toMatchObject({ status: 'PENDING', attempt: 0 });
    await startWorker(30);
    expect(await alice.until(late, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
  });
});

/** Returns the last heartbeat of a task's attempt, as the server stores it. */
async function heartbeatOf(workflowId: string): Promise<AttemptHeartbeat | undefined> {
  const { workflow, connection } = await connectTemporal();
  try {
    const { raw } = await workflow.getHandle(workflowId).describe();
    const payload = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0];
    return payload ? defaultPayloadConverter.fromPayload<AttemptHeartbeat>(payload) : undefined;
  } finally {
    await connection.close();
  }
}
