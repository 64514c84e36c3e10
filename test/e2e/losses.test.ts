/** Workers that are lost, by chance or because a task kills them. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { RoleProcess } from '../../src/processes/role.ts';
import { fetchMetrics } from '../support/metrics-page.ts';
import { listenersOf } from '../support/raw-request.ts';
import { startTestWorker, useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';
import { waitFor } from '../support/wait-for.ts';

const service = useService({ workers: 0, environment: { TASKBELL_WORKER_CONCURRENCY: '2' } });

/** Restarts a worker whenever it has ended, as `taskbell up` does, until the test is over. @returns how often it was lost. */
function superviseWorker(): { readonly lost: () => number } {
  let lost = 0;
  let worker: RoleProcess | undefined;
  const closing = new AbortController();
  const supervising = (async () => {
    for (; !closing.signal.aborted; lost += 1) {
      worker = await service.startWorker();
      await worker.ended;
    }
  })();
  onTestFinished(async () => {
    closing.abort();
    await worker?.close();
    await supervising;
  });
  return { lost: () => lost };
}

test('a worker listens on no port, unless it is asked for metrics', async () => {
  const first = await startTestWorker(service);
  expect(first.metricsUrl).toBeUndefined();
  expect(listenersOf(first.pid)).toEqual([]);
  const second = await startTestWorker(service, { TASKBELL_METRICS_PORT: '0' });
  const { port } = new URL(second.metricsUrl ?? '');
  // The other one is that of the SDK's core.
  const listeners = listenersOf(second.pid);
  expect(listeners.map(({ host }) => host)).toEqual(['127.0.0.1', '127.0.0.1']);
  expect(listeners.map((each) => each.port)).toContain(Number(port));
});

describe('a worker that is lost', () => {
  test('leaves the record of its attempt with its log, and its checkpoint for the next attempt', async () => {
    const first = await startTestWorker(service);
    const alice = await service.as('alice');
    const task = { type: 'remembers', delay: 0, time_limit: 86_400 };
    const { id } = await alice.create({ name: 'lost', ...task });
    await alice.until(id, 'its log', ({ attempts }) => attempts.at(-1)?.log.length === 1);
    const second = await startTestWorker(service);
    const feed = await alice.watch(`/ws/tasks/${id}/`);
    process.kill(first.pid, 'SIGKILL');
    const killedAt = Date.now();
    const noticed = await alice.until(id, 'the loss', ({ attempts }) => attempts[0]?.outcome === 'lost');
    const startedAt = Date.parse(noticed.attempts[0]?.started_at ?? '');
    expect(noticed.started_at).toBe(noticed.attempts[0]?.started_at);
    expect(noticed.attempts[0]?.log[0]).toContain('saved');
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 0 });
    expect(end.result).toEqual({ saved: 'saved by attempt 1' });
    // The task started when its first attempt did, whichever attempt runs: the second starts ten seconds later.
    await feed.until('the end', () => feed.tasks().some(hasEnded));
    for (const { started_at } of feed.tasks())
      expect(Math.abs(Date.parse(started_at ?? '') - startedAt)).toBeLessThan(5000);
    feed.socket.close();
    expect(end.attempts).toMatchObject([
      { attempt: 1, outcome: 'lost', error: { type: 'WorkerLost' }, log: noticed.attempts[0]?.log },
      { attempt: 2, outcome: 'completed', worker: expect.stringContaining(String(second.pid)) },
    ]);
    // Ten seconds until the loss is noticed, whatever the time limit, and some until the server dispatches it again.
    expect(Date.parse(end.attempts[1]?.started_at ?? '') - killedAt).toBeLessThan(15_000);
  }, 90_000);

  test('because its own task killed it leaves the record of that attempt too, and the task is attempted again', async () => {
    const first = await startTestWorker(service);
    const alice = await service.as('alice');
    const payload = { how: 'kill-worker' };
    const { id } = await alice.create({ name: 'lost', type: 'dies', delay: 0, payload });
    expect(await first.ended).toBe('signal SIGKILL');
    const second = await startTestWorker(service, { TASKBELL_METRICS_PORT: '0' });
    const task = await alice.until(id, 'its end', hasEnded);
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 0 });
    expect(task.attempts).toMatchObject([
      { attempt: 1, outcome: 'lost', error: { type: 'WorkerLost' } },
      { attempt: 2, outcome: 'completed' },
    ]);
    // The worker that starts the next attempt counts the one that was lost.
    const page = await fetchMetrics(second.metricsUrl ?? '');
    const attempts = page.find('taskbell_attempts_total', { type: 'dies' }).filter(({ value }) => value > 0);
    expect(attempts.map(({ labels, value }) => [labels['outcome'], value])).toEqual([
      ['completed', 1],
      ['lost', 1],
    ]);
    expect(page.sum('taskbell_task_lateness_seconds_count')).toBe(0);
  }, 60_000);

  test('during the cleanup after a cancellation leaves the task CANCELLED, with the record of its attempt', async () => {
    const first = await startTestWorker(service);
    const alice = await service.as('alice');
    const { id } = await alice.create({ name: 'lost', type: 'loops', delay: 0 });
    await alice.until(id, 'its log', ({ attempts }) => attempts.at(-1)?.log.length === 1);
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    await alice.until(id, 'the cancellation', ({ waiting }) => waiting?.reason === 'cancelling');
    process.kill(first.pid, 'SIGKILL');
    await startTestWorker(service);
    const task = await alice.until(id, 'its end', hasEnded);
    expect(task).toMatchObject({ status: 'CANCELLED', attempt: 1 });
    expect(task.attempts).toMatchObject([{ attempt: 1, outcome: 'lost', error: { type: 'WorkerLost' } }]);
    expect(task.attempts[0]?.log[0]).toContain('looping');
  }, 60_000);
});

test('tasks that a killed worker had cached start soon after their time on another worker', async () => {
  const first = await startTestWorker(service);
  const alice = await service.as('alice');
  const created = Array.from({ length: 5 }, () => alice.create({ name: 'cached', type: 'echo', delay: 8 }));
  const tasks = await Promise.all(created);
  await startTestWorker(service);
  process.kill(first.pid, 'SIGKILL');
  const killedAt = Date.now();
  for (const { id, scheduled_time } of tasks) {
    // Otherwise the first worker could have run it.
    expect(Date.parse(scheduled_time)).toBeGreaterThan(killedAt);
    const { status, started_at } = await alice.until(id, 'its end', hasEnded);
    expect(status).toBe('COMPLETED');
    // 2 s until the cached workflow goes to the other worker; by default it would be 10 s.
    expect(Date.parse(started_at ?? '') - Date.parse(scheduled_time)).toBeLessThan(7000);
  }
});

test('a task that kills its worker in every attempt fails after five losses, and all other tasks complete', async () => {
  const supervised = superviseWorker();
  const alice = await service.as('alice');
  const slow = { type: 'slow', delay: 0, payload: { steps: 120, step_ms: 100 } };
  const [poison, ...neighbours] = await Promise.all([
    alice.create({
      name: 'poison',
      type: 'dies',
      delay: 0,
      // Long enough for a heartbeat: a loss before that does not count.
      payload: { how: 'kill-worker', times: 99, after_ms: 1200 },
      retry: { max_retries: 0 },
    }),
    alice.create({ name: 'neighbour 1', ...slow }),
    alice.create({ name: 'neighbour 2', ...slow }),
  ]);
  const shorts: Task[] = [];
  const hasPoisonEnded = async (): Promise<boolean> => hasEnded(await alice.read(poison.id));
  while (!(await hasPoisonEnded())) {
    const lost = supervised.lost();
    const { id } = await alice.create({ name: 'short', type: 'echo', delay: 0 });
    // Whatever the poison task does, a short one waits at most for a start of the worker and the loss of an attempt.
    shorts.push(await alice.until(id, 'a short task to end', hasEnded, 40_000));
    const nextLoss = async (): Promise<boolean> => supervised.lost() > lost || (await hasPoisonEnded());
    await waitFor('the next loss', nextLoss, 200_000);
  }
  const failed = await alice.read(poison.id);
  expect(failed).toMatchObject({ status: 'FAILED', attempt: 5, retry_count: 0 });
  expect(failed.error_message).toContain('lost 5 times');
  expect(failed.attempts.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 5 }, () => 'lost'));
  expect(supervised.lost()).toBe(5);
  for (const { id } of neighbours) {
    const neighbour = await alice.until(id, 'a neighbour to end', hasEnded, 60_000);
    expect(neighbour).toMatchObject({ status: 'COMPLETED', retry_count: 0 });
  }
  expect(shorts.every(({ status }) => status === 'COMPLETED')).toBe(true);
}, 300_000);
