/** Handlers that do what no handler should. Each must harm only its own attempt. */
import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { isRunning } from '../support/child-processes.ts';
import { useOwnWorker } from '../support/own-worker.ts';
import { spawnedPid } from '../support/pool.ts';
import { hasEnded, quickly } from '../support/task.ts';
import { waitFor } from '../support/wait-for.ts';

const worker = useOwnWorker({
  TASK_OWN: 'mine',
  NOT_ALLOWED: 'secret',
  TASKBELL_METRICS_PORT: '0',
  TASKBELL_METRICS_TOKEN: 'f'.repeat(32),
});

function endedFirst(first: Task, second: Task): boolean {
  return Date.parse(first.finished_at ?? '') < Date.parse(second.finished_at ?? '');
}

function millisecondsOf({ started_at, finished_at }: Task['attempts'][number]): number {
  return Date.parse(finished_at ?? '') - Date.parse(started_at);
}

/** Returns all tasks that were created. */
function created(): Promise<Task[]> {
  return Promise.all(worker.created().map((id) => worker.alice.read(id)));
}

/** Returns the types of errors of all attempts. */
function errors(tasks: readonly Task[]): string[] {
  return tasks.flatMap(({ attempts }) => attempts.flatMap(({ error }) => error?.type ?? []));
}

describe('a handler that takes its process down', () => {
  test.each([
    ['exit', 'ProcessExited', 'exit code 3'],
    ['abort', 'ProcessCrashed', 'SIGABRT'],
    ['throw-later', 'Error', 'thrown in a timer'],
    ['reject-later', 'RangeError', 'never awaited'],
  ])('by %s fails its attempt as %s, which uses up a retry', async (how, type, message) => {
    const task = await worker.run({ type: 'dies', payload: { how }, retry: quickly });
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 1 });
    expect(task.result).toMatchObject({ saved: 'saved by attempt 1' });
    const [first] = task.attempts;
    expect(first).toMatchObject({ outcome: 'failed', error: { type } });
    expect(first?.error?.message).toContain(message);
    expect(first?.log[0]).toContain(`about to ${how}`);
  });

  test('is retried no more often than its retry policy allows', async () => {
    const task = await worker.run({
      type: 'dies',
      payload: { how: 'exit', times: 9 },
      retry: { ...quickly, max_retries: 2 },
    });
    expect(task).toMatchObject({ status: 'FAILED', attempt: 3, retry_count: 2 });
    expect(task.error_message).toContain('exit code 3');
  });

  test('by kill -9, as if from outside, loses its attempt, which is restarted and uses up no retry', async () => {
    const task = await worker.run({
      type: 'dies',
      payload: { how: 'kill-itself' },
      retry: { max_retries: 0 },
    });
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 0 });
    expect(task.attempts).toMatchObject([
      { attempt: 1, outcome: 'lost', error: { type: 'ProcessKilled' }, worker: expect.stringMatching(/@/) },
      { attempt: 2, outcome: 'completed' },
    ]);
    expect(task.attempts[0]?.log[0]).toContain('about to kill-itself');
    const { saved, idempotencyKey } = task.result as Record<string, string>;
    expect(saved).toBe('saved by attempt 1');
    expect(idempotencyKey).toContain(task.id);
  });

  test('by kill -9 five times fails its attempt, and its task, which has no retries left and keeps the records of all five attempts', async () => {
    const retry = { max_retries: 0 };
    const task = await worker.run({ type: 'dies', payload: { how: 'kill-itself', times: 99 }, retry });
    expect(task).toMatchObject({ status: 'FAILED', attempt: 5, retry_count: 0 });
    expect(task.error_message).toContain('lost 5 times');
    expect(task.attempts.map(({ attempt, outcome }) => ({ attempt, outcome }))).toEqual(
      [1, 2, 3, 4, 5].map((attempt) => ({ attempt, outcome: 'lost' })),
    );
    expect(task.attempts.at(-1)?.error?.type).toBe('WorkerLost');
    for (const { log } of task.attempts) expect(log[0]).toContain('about to kill-itself');
  }, 90_000);
});

describe('a handler that loops', () => {
  test('is killed at its hard time limit with the process that it started, keeps its log, and does not block other tasks', async () => {
    const { id } = await worker.create({ type: 'spawns', soft_time_limit: 1, time_limit: 3, retry: quickly });
    const looping = await worker.alice.until(
      id,
      'its log',
      ({ attempts }) => attempts.at(-1)?.log.length === 1,
    );
    const spawned = spawnedPid(looping.attempts[0]?.log ?? []);
    const other = await worker.run({ type: 'echo' });
    const task = await worker.alice.until(id, 'its end', hasEnded);
    expect(task).toMatchObject({ status: 'FAILED', attempt: 1, retry_count: 0 });
    expect(task.attempts).toMatchObject([{ outcome: 'failed', error: { type: 'TimeLimitExceeded' } }]);
    expect(task.attempts[0]?.log[0]).toContain(`pid ${spawned}`);
    expect(other).toSatisfy((echo: Task) => echo.status === 'COMPLETED' && endedFirst(echo, task));
    // Within a second on a quiet machine: bench/handlers.ts measures it.
    const took = task.attempts.map(millisecondsOf);
    expect(took).toEqual([expect.toSatisfy((ms: number) => ms >= 3000 && ms < 6000)]);
    await waitFor('the process that it started to end', () => !isRunning(spawned));
  });

  test('still shows its progress, and after a cancellation is killed once its cleanup time is over', async () => {
    const { id } = await worker.create({ type: 'loops', soft_time_limit: 20, time_limit: 20 });
    const looping = await worker.alice.until(id, 'its progress', ({ progress }) => progress?.percent === 50);
    expect(looping).toMatchObject({ status: 'RUNNING', waiting: null });
    expect(looping.attempts).toMatchObject([{ attempt: 1, outcome: 'running', finished_at: null }]);
    const idle = new Set(await worker.handlerPids());
    const asked = Date.now();
    await worker.alice.call('POST', `/api/tasks/${id}/cancel/`);
    expect(await worker.alice.read(id)).toMatchObject({
      status: 'RUNNING',
      waiting: { reason: 'cancelling' },
    });
    const task = await worker.alice.until(id, 'its end', hasEnded);
    // Its process has ended by then, and no other.
    expect([...idle].filter((pid) => !isRunning(pid))).toHaveLength(1);
    // It gets its cleanup time, but never notices that it should stop.
    expect(task).toMatchObject({ status: 'CANCELLED', attempts: [{ outcome: 'cancelled' }] });
    const took = Date.now() - asked;
    expect(took).toBeGreaterThan(9_000);
    expect(took).toBeLessThan(20_000);
    expect(task.attempts[0]?.log[0]).toContain('looping');
  }, 60_000);
});

describe('a handler that logs and reports without a pause', () => {
  test('does not block the other tasks of its worker, and its last log lines are kept', async () => {
    const { id } = await worker.create({ type: 'chatters', payload: { milliseconds: 4000 } });
    await worker.alice.until(id, 'it to talk', ({ progress }) => progress !== null);
    const other = await worker.run({ type: 'echo' });
    const task = await worker.alice.until(id, 'its end', hasEnded);
    expect(other).toSatisfy((echo: Task) => echo.status === 'COMPLETED' && endedFirst(echo, task));
    expect(task).toMatchObject({ status: 'COMPLETED', error_message: null });
    const { words } = task.result as { words: number };
    const log = task.attempts[0]?.log ?? [];
    expect(log.at(-1)).toContain(`word ${words}`);
    expect(log.length).toBeLessThanOrEqual(200);
    expect(Buffer.byteLength(log.join(''))).toBeLessThanOrEqual(16 * 1024);
  });
});

test('a timer that a handler leaves behind affects no other attempt, and its process is replaced', async () => {
  const forgot = await worker.run({ type: 'forgets' });
  // Most likely in the same process: the last one to become free is the first to be used again.
  const slow = await worker.run({
    type: 'slow',
    payload: { steps: 10, step_ms: 100 },
    retry: { max_retries: 0 },
  });
  expect(forgot).toMatchObject({ status: 'COMPLETED', attempts: [{ log: [] }] });
  expect(slow).toMatchObject({ status: 'COMPLETED', attempt: 1, attempts: [{ log: [] }] });
  const { pid } = forgot.result as { pid: number };
  await waitFor('its process to be replaced', async () => !(await worker.handlerPids()).includes(pid));
});

test("a handler sees the TASK_ variables of the worker's environment, and none that are the service's own", async () => {
  const { result } = await worker.run({ type: 'looks-around' });
  const { environment, parent } = result as { environment: Record<string, string>; parent: number };
  expect(parent).toBe(worker.pid);
  expect(environment).toMatchObject({ TASK_OWN: 'mine' });
  const ours = Object.keys(environment).filter((name) => /^(TASKBELL|TEMPORAL)_|SECRET|ALLOWED/.test(name));
  expect(ours).toEqual([]);
});

describe('the worker', () => {
  test('is still running after all these handlers', () => {
    expect(isRunning(worker.pid)).toBe(true);
  });

  test('has counted what they did, as the records of their tasks have it', async () => {
    const tasks = await created();
    const page = await worker.metrics();
    const counted = (name: string, labels?: Record<string, string>) => page.sum(`taskbell_${name}`, labels);
    for (const type of new Set(tasks.map((task) => task.type))) {
      const own = tasks.filter((task) => task.type === type);
      const attempts = own.flatMap((task) => task.attempts);
      for (const outcome of ['completed', 'failed', 'cancelled', 'lost', 'handed_back']) {
        const expected = attempts.filter((attempt) => attempt.outcome === outcome).length;
        expect(counted('attempts_total', { type, outcome }), `${type} ${outcome}`).toBe(expected);
        const measured = counted('attempt_duration_seconds_count', { type, outcome });
        expect(measured, `${type} ${outcome}`).toBe(expected);
      }
      for (const status of ['COMPLETED', 'FAILED', 'CANCELLED']) {
        const expected = own.filter((task) => task.status === status).length;
        expect(counted('tasks_ended_total', { type, status }), `${type} ${status}`).toBe(expected);
      }
      const retries = own.reduce((sum, { retry_count }) => sum + retry_count, 0);
      expect(counted('task_retries_total', { type }), type).toBe(retries);
      expect(counted('task_lateness_seconds_count', { type }), type).toBe(own.length);
    }
    // Only `dies` fails by what could be retried.
    const exhausted = tasks.filter(({ type, status }) => type === 'dies' && status === 'FAILED').length;
    expect(counted('task_retries_exhausted_total')).toBe(exhausted);
    const timeouts = errors(tasks).filter((type) => type === 'TimeLimitExceeded').length;
    expect(counted('task_timeouts_total', { limit: 'hard' })).toBe(timeouts);
    expect(counted('task_timeouts_total', { limit: 'soft' })).toBe(0);
  });

  test('has metrics of its slots, its handler processes, and the core of the SDK, in seconds', async () => {
    const page = await worker.metrics();
    const state = (name: string, value: string) => page.sum(`taskbell_${name}`, { state: value });
    expect([state('slots', 'used'), state('slots', 'free'), state('slots', 'guest')]).toEqual([0, 2, 0]);
    const processes = state('handler_processes', 'idle') + state('handler_processes', 'starting');
    expect(processes).toBeGreaterThan(0);
    expect(page.sum('taskbell_handler_processes_memory_bytes')).toBeGreaterThan(10_000_000);
    const recycled = (reason: string) => page.sum('taskbell_handler_processes_recycled_total', { reason });
    const types = errors(await created());
    const ended = types.filter((type) => type === 'ProcessExited' || type === 'ProcessCrashed').length;
    expect(recycled('ended')).toBeGreaterThanOrEqual(ended);
    const killed = types.filter((type) => type === 'TimeLimitExceeded').length;
    expect(recycled('stopped')).toBeGreaterThanOrEqual(killed);
    expect(page.sum('temporal_workflow_completed_total')).toBeGreaterThan(0);
    const executed = 'temporal_activity_execution_latency';
    // In milliseconds, the mean of these attempts would be hundreds.
    expect(page.sum(`${executed}_sum`) / page.sum(`${executed}_count`)).toBeLessThan(30);
    expect(page.find('taskbell_build_info')).toMatchObject([
      { labels: { version: expect.stringMatching(/^\d+\.\d+\.\d+/), server: expect.stringMatching(/^1\./) } },
    ]);
    expect(page.sum('process_cpu_seconds_total')).toBeGreaterThan(0);
  });

  test('and its API have metrics in which no user, task or error is named', async () => {
    const tasks = await created();
    const texts = new Set(
      tasks.flatMap(({ id, name, owner, error_message }) => [id, name, owner, error_message, 'alice']),
    );
    for (const page of [await worker.metrics(), await worker.apiMetrics()]) {
      const samples = [...page.families.values()].flatMap((family) => family.samples);
      const labels = new Set(samples.flatMap((sample) => Object.values(sample.labels)));
      expect([...labels].filter((label) => texts.has(label))).toEqual([]);
    }
  });
});

describe('the API', () => {
  test('has metrics of its feeds', async () => {
    const feed = await worker.alice.watch('/ws/tasks/');
    await waitFor('the feed to be counted', async () => {
      const page = await worker.apiMetrics();
      return page.sum('taskbell_sockets', { kind: 'list' }) === 1;
    });
    const { id } = await worker.run({ type: 'echo' });
    await feed.until('its end', () => feed.tasks().some((task) => task.id === id && hasEnded(task)));
    const watched = await worker.apiMetrics();
    expect(watched.sum('taskbell_bridge_watched')).toBeGreaterThan(1);
    expect(watched.sum('taskbell_bridge_lag_seconds_count')).toBeGreaterThan(0);
    expect(watched.sum('taskbell_bridge_tick_seconds_count')).toBeGreaterThan(0);
    expect(watched.sum('taskbell_bridge_calls_total', { call: 'look' })).toBeGreaterThan(0);
    feed.socket.close(1000);
    await waitFor('the close to be counted', async () => {
      const page = await worker.apiMetrics();
      return page.sum('taskbell_socket_closed_total', { code: '1000' }) === 1;
    });
  });

  test('shows the figures of the whole service to those who have the token of its metrics', async () => {
    const page = await worker.apiMetrics();
    const ended = page.sum('taskbell_tasks', { status: 'COMPLETED' });
    expect(ended).toBeGreaterThan(0);
    expect(page.find('taskbell_tasks')).toHaveLength(6);
    expect(page.sum('taskbell_workers')).toBe(1);
    expect(page.find('taskbell_queue_backlog').map(({ labels, value }) => [labels['queue'], value])).toEqual([
      ['attempts', 0],
      ['workflows', 0],
    ]);
    for (const name of ['oldest_pending_seconds', 'overdue_tasks'])
      expect(page.find(`taskbell_${name}`), name).toHaveLength(1);
    const created = { method: 'POST', route: '/api/tasks', status: '201' };
    expect(page.sum('taskbell_http_requests_total', created)).toBe(worker.created().length);
    expect(page.sum('taskbell_temporal_calls_total', { call: 'startWorkflow', outcome: 'ok' })).toBe(
      worker.created().length,
    );
    await expect(worker.apiMetrics('e'.repeat(32))).rejects.toThrow('answered 404');
    await expect(worker.apiMetrics('')).rejects.toThrow('answered 404');
  });
});
