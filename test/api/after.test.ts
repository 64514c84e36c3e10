import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HistoryEntry } from '../../src/contract/history.ts';
import type { Task, TaskSummary } from '../../src/contract/task.ts';
import { type Caller, createCaller, untilDone } from '../support/caller.ts';
import { startService, useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const hour = 3600;
const aMinute = 60_000;

const service = useService();
let alice: Caller;
let temporal: Client;

beforeAll(async () => {
  alice = await service.as('alice');
  temporal = await connectTemporal();
});

afterAll(async () => {
  await temporal.connection.close();
});

/** Creates a task that runs only at a run-now, unless the changes make it due earlier. */
function sleeper(changes: object = {}): Promise<Task> {
  return alice.create({ name: 'predecessor', type: 'echo', delay: hour, ...changes });
}

function dependent(after: readonly Task[], changes: object = {}): Promise<Task> {
  const ids = after.map(({ id }) => id);
  return alice.create({ name: 'dependent', type: 'echo', delay: 0, after: ids, ...changes });
}

async function send({ id }: Task, command: string): Promise<void> {
  const { status } = await alice.call<Task>('POST', `/api/tasks/${id}/${command}/`);
  // The effect can take longer than the second that the API waits for it.
  expect([200, 202]).toContain(status);
}

/** Sends a command and waits for its effect. */
async function sendUntil(task: Task, command: string, effect: (task: Task) => boolean): Promise<Task> {
  await send(task, command);
  return alice.until(task.id, `the effect of ${command}`, effect);
}

const waitsFor =
  (reason: string) =>
  ({ waiting }: Task): boolean =>
    waiting?.reason === reason;

function ended({ id }: Task, deadlineMs?: number): Promise<Task> {
  return alice.until(id, 'its end', hasEnded, deadlineMs);
}

async function completed(changes: object = {}): Promise<Task> {
  const task = await ended(await sleeper({ delay: 0, ...changes }));
  expect(task.status).toBe('COMPLETED');
  return task;
}

async function failed(): Promise<Task> {
  const task = await ended(await sleeper({ delay: 0, type: 'hopeless' }));
  expect(task.status).toBe('FAILED');
  return task;
}

/** Waits until a task has asked its predecessors to notify it of their ends. */
async function untilAsked({ id }: Task, ...predecessors: Task[]): Promise<void> {
  for (const predecessor of predecessors) {
    const hasAsked = async (): Promise<boolean> => {
      const { events } = await temporal.workflow.getHandle(predecessor.id).fetchHistory();
      return (events ?? []).some(
        ({ workflowExecutionSignaledEventAttributes: signal }) =>
          signal?.signalName === 'successor' && signal.externalWorkflowExecution?.workflowId === id,
      );
    };
    await expect.poll(hasAsked, { timeout: 20_000 }).toBe(true);
  }
}

/** Returns who notified a task of predecessors' ends: workflows by id, other processes by identity. */
async function notifiersOf({ id }: Task): Promise<string[]> {
  const { events } = await temporal.workflow.getHandle(id).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    signal?.signalName === 'predecessor-over'
      ? [signal.externalWorkflowExecution?.workflowId ?? String(signal.identity)]
      : [],
  );
}

const isWaiting = ({ status, waiting }: Pick<Task, 'status' | 'waiting'>): boolean =>
  status === 'SCHEDULED' && waiting?.reason === 'after';

describe('a task with predecessors', () => {
  test('waits until all of them have completed, and shows this in responses, lists and its history', async () => {
    const [one, two] = [await sleeper(), await sleeper()];
    const task = await dependent([one, two]);
    const waits = { status: 'SCHEDULED', waiting: { reason: 'after' }, after: [one.id, two.id] };
    expect(task).toMatchObject({ ...waits, after_policy: 'completed' });
    expect(await alice.read(task.id)).toMatchObject(waits);
    await untilAsked(task, one, two);
    await send(one, 'run-now');
    const first = await ended(one);
    expect(await alice.read(task.id)).toMatchObject({ ...waits, attempt: 0 });
    const { body: listed } = await alice.call<TaskSummary[]>('GET', '/api/tasks/?status=SCHEDULED&limit=100');
    expect(listed.find(({ id }) => id === task.id)).toMatchObject(waits);

    const last = await send(two, 'run-now').then(() => ended(two));
    const done = await ended(task);
    expect(done).toMatchObject({ status: 'COMPLETED', after: [one.id, two.id] });
    expect(Date.parse(done.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(first.finished_at ?? ''));
    expect(Date.parse(done.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(last.started_at ?? ''));
    const { body: history } = await alice.call<HistoryEntry[]>('GET', `/api/tasks/${task.id}/history/`);
    expect(history.map(({ type }) => type)).toEqual([
      'created',
      'predecessor_over',
      'predecessor_over',
      'due',
      'attempt',
      'completed',
    ]);
    expect(history[1]?.predecessor).toEqual({ id: one.id, ended: 'COMPLETED' });
    expect(await notifiersOf(task)).toEqual([one.id, two.id]);
  });

  test('notifies its watchers when they have ended, and then waits for its own scheduled time', async () => {
    const before = await sleeper();
    const task = await dependent([before], { delay: hour });
    const feed = await alice.watch(`/ws/tasks/${task.id}/`);
    await feed.until('the snapshot', ({ tasks }) => tasks().some(isWaiting));
    await send(before, 'run-now');
    await feed.until(
      'the wait for its scheduled time',
      ({ tasks }) => tasks().at(-1)?.waiting?.reason === 'time',
    );
    feed.socket.close();
    expect(await alice.read(task.id)).toMatchObject({
      status: 'SCHEDULED',
      waiting: { reason: 'time', until: task.scheduled_time },
    });
  });

  test('is set to run now at once, paused or not and however often, and still waits for them', async () => {
    const before = await sleeper();
    const task = await dependent([before], { delay: hour });
    for (const command of ['run-now', 'run-now', 'pause', 'run-now']) {
      const { status } = await untilDone(() => alice.call('POST', `/api/tasks/${task.id}/${command}/`));
      expect(status, command).toBe(200);
      expect(isWaiting(await alice.read(task.id))).toBe(command === 'run-now');
    }
    await send(before, 'run-now');
    expect((await ended(task)).status).toBe('COMPLETED');
  });

  test('is not yet set to run now while no worker has taken the command', async () => {
    const api = await service.startApi({ TASKBELL_TASK_QUEUE: `test-${randomUUID()}` });
    const before = await sleeper();
    const idle = createCaller(api.url ?? '', alice.token);
    const waits = await idle.create({ name: 'waits', delay: hour, after: [before.id] });
    const answer = await idle.call('POST', `/api/tasks/${waits.id}/run-now/`);
    expect(answer).toMatchObject({ status: 202, body: { waiting: { reason: 'after' } } });
  });

  test('does not wait for those that had completed before it was created', async () => {
    const task = await dependent([await completed(), await completed()]);
    expect(task.waiting?.reason).not.toBe('after');
    expect((await ended(task)).status).toBe('COMPLETED');
    const later = await dependent([await completed()], { delay: hour });
    expect(later.waiting).toMatchObject({ reason: 'time' });
  });

  test('learns how its predecessor ended, even if that was cancelled or terminated while no worker was running', async () => {
    const idle = await startService({ workers: 0 });
    try {
      const bob = await idle.as('bob');
      const first = await bob.create({ name: 'first', type: 'echo', delay: 0 });
      const doomed = await bob.create({ name: 'doomed', type: 'echo', delay: 0 });
      const second = await bob.create({ name: 'second', type: 'echo', delay: 0, after: [first.id] });
      const third = await bob.create({ name: 'third', type: 'echo', delay: 0, after: [doomed.id] });
      const ended = await bob.create({ name: 'ended', type: 'echo', delay: 0 });
      const fourth = await bob.create({ name: 'fourth', type: 'echo', delay: 0, after: [ended.id] });
      // A terminated workflow cannot notify its dependents, nor can they still ask it to.
      await temporal.workflow.getHandle(ended.id).terminate('by hand');
      expect((await bob.call('POST', `/api/tasks/${doomed.id}/cancel/`)).status).toBe(202);
      expect(await bob.read(second.id)).toMatchObject({ status: 'SCHEDULED', waiting: { reason: 'after' } });
      await idle.startWorker();
      expect(await bob.until(second.id, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED' });
      for (const { id } of [third, fourth]) {
        expect(await bob.until(id, 'its end', hasEnded)).toMatchObject({ status: 'FAILED', attempt: 0 });
      }
    } finally {
      await idle.close();
    }
  });

  test('is notified even if its predecessor ends just as the task is created', async () => {
    const pairs = Array.from({ length: 40 }, async (_, index) => {
      const payload = { steps: 1, step_ms: index * 5 };
      const before = await sleeper({ delay: 0, type: 'slow', payload });
      // The predecessor can end before this request, before the dependent's workflow has asked, or later.
      return dependent([before]);
    });
    for (const task of await Promise.all(pairs))
      expect(await ended(task)).toMatchObject({ status: 'COMPLETED' });
  });

  test('can be one of a hundred dependents of the same predecessor', async () => {
    const before = await sleeper();
    const tasks = Array.from({ length: 100 }, (_, index) => ({
      name: `dependent ${index}`,
      type: 'echo',
      delay: 0,
      after: [before.id],
      tags: [`dependents-of-${before.id}`],
    }));
    const { status, body } = await alice.call<{ results: { status: number }[] }>('POST', '/api/tasks/bulk/', {
      tasks,
    });
    expect(status).toBe(207);
    expect(body.results.every((each) => each.status === 201)).toBe(true);
    await send(before, 'run-now');
    const counts = `/api/tasks/counts/?tag=dependents-of-${before.id}`;
    await expect
      .poll(async () => (await alice.call<{ counts: Record<string, number> }>('GET', counts)).body.counts, {
        timeout: 50_000,
        interval: 500,
      })
      .toMatchObject({ COMPLETED: 100, SCHEDULED: 0 });
  });
});

describe('when a predecessor', () => {
  const cases: [string, (task: Task) => Promise<unknown>, RegExp, (task: Task) => RegExp][] = [
    ['is cancelled', (task) => send(task, 'cancel'), /was cancelled$/, ({ id }) => new RegExp(id)],
    // The API deletes the task, so the API notifies its dependents.
    ['is deleted', ({ id }) => alice.call('DELETE', `/api/tasks/${id}/`), /was deleted$/, () => /^api \d+@/],
  ];

  test.each(cases)(
    '%s, its dependent fails with an error that says why',
    async (_what, end, message, who) => {
      const [other, before] = [await sleeper(), await sleeper()];
      const task = await dependent([other, before]);
      await untilAsked(task, before);
      await end(before);
      const failure = await ended(task);
      expect(failure).toMatchObject({ status: 'FAILED', attempt: 0, attempts: [], result: null });
      expect(failure.error_message).toMatch(message);
      expect(failure.error_message).toContain(before.id);
      const [author] = await notifiersOf(task);
      expect(author).toMatch(who(before));
      const { body: listed } = await alice.call<TaskSummary[]>('GET', '/api/tasks/?status=FAILED&limit=20');
      expect(listed.find(({ id }) => id === task.id)?.error_message).toBe(failure.error_message);
    },
  );

  test('fails, its dependent fails, even if it is paused', async () => {
    const before = await sleeper({ type: 'hopeless' });
    const [task, paused] = [await dependent([before]), await dependent([before])];
    await send(paused, 'pause');
    await untilAsked(task, before);
    await untilAsked(paused, before);
    await send(before, 'run-now');
    for (const one of [task, paused]) {
      const failure = await ended(one);
      expect(failure).toMatchObject({ status: 'FAILED' });
      expect(failure.error_message).toMatch(/has failed$/);
      expect(await notifiersOf(one)).toEqual([before.id]);
    }
  });

  test('has already failed, a new dependent fails at once', async () => {
    const before = await failed();
    const failure = await ended(await dependent([await completed(), before]));
    expect(failure).toMatchObject({ status: 'FAILED', attempt: 0 });
    expect(failure.error_message).toContain(before.id);
  });

  test('fails, is cancelled or is deleted, a dependent with after_policy "any" runs nevertheless', async () => {
    const [doomed, cancelled, deleted] = [await failed(), await sleeper(), await sleeper()];
    const task = await dependent([doomed, cancelled, deleted], { after_policy: 'any' });
    expect(task).toMatchObject({ after_policy: 'any', waiting: { reason: 'after' } });
    await send(cancelled, 'cancel');
    await alice.call('DELETE', `/api/tasks/${deleted.id}/`);
    expect(await ended(task)).toMatchObject({ status: 'COMPLETED', after_policy: 'any' });
  });

  test('is terminated or deleted directly in Temporal, its dependents fail within a minute', async () => {
    const [terminated, removed] = [await sleeper(), await sleeper()];
    const [one, two] = [await dependent([terminated]), await dependent([removed])];
    await alice.until(one.id, 'the wait for its predecessor', isWaiting);
    const paused = await dependent([removed]);
    await send(paused, 'pause');
    await temporal.workflow.getHandle(terminated.id).terminate('by hand');
    await temporal.workflowService.deleteWorkflowExecution({
      namespace: temporal.options.namespace,
      workflowExecution: { workflowId: removed.id },
    });
    expect((await ended(one, aMinute)).error_message).toMatch(/has failed$/);
    for (const task of [two, paused]) {
      expect((await ended(task, aMinute)).error_message).toMatch(/was deleted$/);
    }
  }, 120_000);
});

describe('a task that waits for predecessors', () => {
  test('can be paused and resumed', async () => {
    const before = await sleeper();
    const task = await dependent([before]);
    expect(await sendUntil(task, 'pause', waitsFor('paused'))).toMatchObject({ status: 'SCHEDULED' });
    expect(await sendUntil(task, 'resume', waitsFor('after'))).toMatchObject({ status: 'SCHEDULED' });
    await sendUntil(task, 'pause', waitsFor('paused'));
    await send(before, 'run-now');
    await ended(before);
    expect(await alice.read(task.id)).toMatchObject({ waiting: { reason: 'paused' } });
    await send(task, 'resume');
    expect((await ended(task)).status).toBe('COMPLETED');
  });

  test('can be cancelled or deleted without an effect on its predecessor', async () => {
    const before = await sleeper();
    const [cancelled, deleted] = [await dependent([before]), await dependent([before])];
    expect(await sendUntil(cancelled, 'cancel', hasEnded)).toMatchObject({ status: 'CANCELLED' });
    expect((await alice.call('DELETE', `/api/tasks/${deleted.id}/`)).status).toBe(204);
    await send(before, 'run-now');
    expect((await ended(before)).status).toBe('COMPLETED');
  });

  test('can be edited, except for after and after_policy', async () => {
    const before = await sleeper();
    const task = await dependent([before]);
    const path = `/api/tasks/${task.id}/`;
    const { body } = await alice.call<Task>('PATCH', path, { name: 'renamed' });
    expect(body).toMatchObject({ name: 'renamed', waiting: { reason: 'after' }, after: [before.id] });
    expect((await alice.call('PUT', path, body)).status).toBe(200);
    const rejected = { status: 400, body: { errors: [{ pointer: '/after' }] } };
    expect(await alice.call('PATCH', path, { after: [] })).toMatchObject(rejected);
    expect(await alice.call('PATCH', path, { after: [randomUUID()] })).toMatchObject(rejected);
    expect(await alice.call('PATCH', path, { after_policy: 'any' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/after_policy' }] },
    });
  });
});

describe('a retry', () => {
  test('of a dependent waits again for predecessors that have not completed', async () => {
    const before = await failed();
    const task = await ended(await dependent([before]));
    expect(task.status).toBe('FAILED');
    await alice.call('POST', `/api/tasks/${before.id}/retry/`, { delay: hour });
    const again = await sendUntil(task, 'retry', ({ retry_count }) => retry_count === 1);
    expect(again).toMatchObject({ waiting: { reason: 'after' }, after: [before.id], retry_count: 1 });
    await send(before, 'run-now');
    expect((await ended(task)).error_message).toMatch(/has failed$/);
  });

  test('does not wait again for predecessors that let the ended run start, even if they have been deleted since', async () => {
    const before = await completed();
    const task = await ended(await dependent([before], { type: 'hopeless' }));
    expect(task).toMatchObject({ status: 'FAILED', attempt: 1 });
    await alice.call('DELETE', `/api/tasks/${before.id}/`);
    const reading = async () => (await alice.call('GET', `/api/tasks/${before.id}/`)).status;
    await expect.poll(reading, { timeout: 20_000 }).toBe(404);
    await send(task, 'retry');
    const again = await alice.until(
      task.id,
      'the end of its second run',
      (it) => hasEnded(it) && it.retry_count === 1,
    );
    expect(again).toMatchObject({ status: 'FAILED', attempt: 1, error_message: 'no retry can help' });
  });

  test('waits again only for predecessors that had not completed, even if another has been deleted since', async () => {
    const [good, bad] = [await completed(), await failed()];
    const task = await ended(await dependent([good, bad]));
    expect(task).toMatchObject({ status: 'FAILED', attempt: 0 });
    await alice.call('DELETE', `/api/tasks/${good.id}/`);
    const reading = async () => (await alice.call('GET', `/api/tasks/${good.id}/`)).status;
    await expect.poll(reading, { timeout: 20_000 }).toBe(404);
    await alice.call('POST', `/api/tasks/${bad.id}/retry/`, { delay: hour });
    await sendUntil(task, 'retry', waitsFor('after'));
    await send(bad, 'cancel');
    const again = await alice.until(task.id, 'its end', (it) => hasEnded(it) && it.retry_count === 1);
    expect(again.error_message).toBe(`Task ${bad.id}, which this task waits for, was cancelled`);
  });

  test('of a predecessor makes a dependent created after it wait for the new run', async () => {
    const before = await completed();
    await alice.call('POST', `/api/tasks/${before.id}/retry/`, { delay: hour });
    const task = await dependent([before]);
    expect(task.waiting).toEqual({ reason: 'after' });
    await send(before, 'run-now');
    expect((await ended(task)).status).toBe('COMPLETED');
  });
});

describe('the field after', () => {
  async function rejection(after: unknown): Promise<unknown> {
    const { status, body } = await alice.call('POST', '/api/tasks/', { name: 'x', delay: 0, after });
    expect(status).toBe(400);
    return body;
  }

  test("accepts only ids of the caller's own tasks: unknown ids and those of other owners are 400, with the same message", async () => {
    const bob = await service.as('bob');
    const his = await bob.create({ name: 'his', delay: hour });
    const mine = await sleeper();
    const body = await rejection([mine.id, his.id, randomUUID()]);
    const message = 'There is no such task.';
    expect(body).toMatchObject({
      errors: [
        { pointer: '/after/1', message },
        { pointer: '/after/2', message },
      ],
    });
  });

  test('is a list of at most 20 different task ids', async () => {
    const { id } = await sleeper();
    expect(await rejection(Array.from({ length: 21 }, () => randomUUID()))).toMatchObject({
      errors: [{ pointer: '/after' }],
    });
    expect(await rejection([id, id.toUpperCase()])).toMatchObject({ errors: [{ pointer: '/after' }] });
    expect(await rejection(['not an id'])).toMatchObject({ errors: [{ pointer: '/after/0' }] });
    expect(await rejection(id)).toMatchObject({ errors: [{ pointer: '/after' }] });
  });

  test('is part of what an Idempotency-Key identifies: another value with the same key is 422', async () => {
    const before = await sleeper();
    const headers = { 'Idempotency-Key': randomUUID() };
    const body = { name: 'once', delay: 0, after: [before.id] };
    const first = await alice.call<Task>('POST', '/api/tasks/', body, headers);
    const second = await alice.call<Task>('POST', '/api/tasks/', body, headers);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.id).toBe(first.body.id);
    const other = await alice.call('POST', '/api/tasks/', { ...body, after: [] }, headers);
    expect(other.status).toBe(422);
  });
});
