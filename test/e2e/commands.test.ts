import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { type Caller, untilDone } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { useService } from '../support/service.ts';
import { hasEnded, isRunningNow } from '../support/task.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const hour = 3600;

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

const command = (id: string, name: string) => alice.call<Task>('POST', `/api/tasks/${id}/${name}/`);
const done = (id: string, name: string) => untilDone(() => command(id, name));

describe('cancel', () => {
  test('of a scheduled task takes effect at once, changes nothing when repeated, and shows as cancelled in Temporal', async () => {
    const { id } = await alice.create({ name: 'never', delay: hour });
    const first = await done(id, 'cancel');
    expect(first).toMatchObject({
      status: 200,
      body: { status: 'CANCELLED', attempt: 0, error_message: null },
    });
    const second = await done(id, 'cancel');
    expect(second).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
    expect(second.body.version).toBe(first.body.version);
    const { status } = await temporal.workflow.getHandle(id).describe();
    expect(status.name).toBe('CANCELLED');
  });

  test.each([
    ['stops when asked to', { type: 'slow', payload: { steps: 1000, step_ms: 100 } }],
    ['throws its own error when asked to stop', { type: 'grumpy', payload: { ends_by: 'throw' } }],
    ['returns a result when asked to stop', { type: 'grumpy', payload: { ends_by: 'return' } }],
  ])('of a running task whose handler %s ends the task CANCELLED', async (_how, task) => {
    const { id } = await alice.create({ name: 'running', delay: 0, ...task });
    await alice.until(id, 'it to run', isRunningNow);
    const answer = await command(id, 'cancel');
    expect([200, 202]).toContain(answer.status);
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'CANCELLED', waiting: null, result: null, attempt: 1 });
    expect(end.started_at).not.toBeNull();
    expect(end.attempts).toMatchObject([{ attempt: 1, outcome: 'cancelled' }]);
  });

  test('of a task in backoff takes effect at once', async () => {
    const { id } = await alice.create({ name: 'backoff', type: 'flaky', delay: 0, payload: { failures: 9 } });
    await alice.until(id, 'its backoff', ({ waiting }) => waiting?.reason === 'backoff');
    expect(await done(id, 'cancel')).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
  });

  test('of a completed task is rejected with 409 and changes nothing', async () => {
    const { id } = await alice.create({ name: 'done', delay: 0 });
    const before = await alice.until(id, 'its end', hasEnded);
    const answer = await command(id, 'cancel');
    expect(answer).toMatchObject({
      status: 409,
      body: {
        code: 'wrong_state',
        detail: 'Task has ended (COMPLETED) and cannot be cancelled',
        // The text of the previous service, for its clients.
        error: 'Task cannot be cancelled in its current state',
      },
    });
    expect(await alice.read(id)).toEqual(before);
  });
});

describe('pause, resume and run-now:', () => {
  test('a paused task stays SCHEDULED past its time, and resume then runs it at once', async () => {
    const { id } = await alice.create({ name: 'paused', delay: 1 });
    expect(await done(id, 'pause')).toMatchObject({
      status: 200,
      body: { waiting: { reason: 'paused' } },
    });
    const late = await alice.until(
      id,
      'its time to pass',
      (task) => Date.parse(task.scheduled_time) < Date.now() - 500,
    );
    expect(late).toMatchObject({ status: 'SCHEDULED', waiting: { reason: 'paused' } });
    expect((await done(id, 'resume')).status).toBe(200);
    expect((await alice.until(id, 'its end', hasEnded)).status).toBe('COMPLETED');
  });

  test('resume leaves a task that is not yet due waiting for its time', async () => {
    const { id } = await alice.create({ name: 'resumed', delay: hour });
    await done(id, 'pause');
    const resumed = await done(id, 'resume');
    expect(resumed).toMatchObject({
      status: 200,
      body: { status: 'SCHEDULED', waiting: { reason: 'time' } },
    });
  });

  test('run-now runs a task before its time, paused or not', async () => {
    for (const pauseFirst of [false, true]) {
      const { id } = await alice.create({ name: 'now', delay: hour });
      if (pauseFirst) await command(id, 'pause');
      expect([200, 202]).toContain((await command(id, 'run-now')).status);
      const end = await alice.until(id, 'its end', hasEnded);
      expect(end.status).toBe('COMPLETED');
      expect(Date.parse(end.scheduled_time)).toBeGreaterThan(Date.now());
    }
  });

  test('run-now during a backoff starts the next attempt at once', async () => {
    const { id } = await alice.create({ name: 'backoff', type: 'flaky', delay: 0, payload: { failures: 1 } });
    const waits = await alice.until(id, 'its backoff', ({ waiting }) => waiting?.reason === 'backoff');
    expect(waits).toMatchObject({
      status: 'RUNNING',
      attempt: 1,
      retry_count: 1,
      error_message: 'failure 1',
    });
    expect(Date.parse(waits.waiting?.until ?? '')).toBeGreaterThan(Date.now() + 40_000);
    expect([200, 202]).toContain((await command(id, 'run-now')).status);
    expect(await alice.until(id, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED', attempt: 2 });
  });

  test('commands count towards the history length of an open run, so that they can be rejected before the server ends it', async () => {
    const { id } = await alice.create({ name: 'restless', delay: hour });
    const lengthOf = async () => (await temporal.workflow.getHandle(id).describe()).historyLength;
    const before = await lengthOf();
    for (let round = 0; round < 3; round += 1) {
      await command(id, 'pause');
      await command(id, 'resume');
    }
    expect(await lengthOf()).toBeGreaterThan(before + 12);
  });

  test('all three are rejected with 409 for a running or ended task', async () => {
    const { id } = await alice.create({
      name: 'running',
      type: 'grumpy',
      delay: 0,
      payload: { ends_by: 'throw' },
    });
    await alice.until(id, 'it to run', isRunningNow);
    expect(await sendAll(id)).toEqual(rejections('has started (RUNNING)'));
    await command(id, 'cancel');
    await alice.until(id, 'its end', hasEnded);
    expect(await sendAll(id)).toEqual(rejections('has ended (CANCELLED)'));
  });

  test('all three are rejected with 409 for a task that was cancelled before it started', async () => {
    const { id } = await alice.create({ name: 'never', delay: hour });
    await command(id, 'cancel');
    expect(await sendAll(id)).toEqual(rejections('has ended (CANCELLED)'));
  });

  const participles = { pause: 'paused', resume: 'resumed', 'run-now': 'run now' };

  /** Sends all three, and returns what they respond. */
  function sendAll(id: string) {
    return Promise.all(
      Object.keys(participles).map(async (name) => {
        const { status, body } = await alice.call('POST', `/api/tasks/${id}/${name}/`);
        return { status, detail: body['detail'], error: body['error'] };
      }),
    );
  }

  /** Returns what all three respond about a task. The previous service had none of them, so `error` is the same. */
  function rejections(state: string) {
    return Object.values(participles).map((participle) => {
      const detail = `Task ${state} and cannot be ${participle}`;
      return { status: 409, detail, error: detail };
    });
  }
});

describe('retry', () => {
  test('of a task that has not ended is rejected with 409', async () => {
    const { id } = await alice.create({ name: 'open', delay: hour });
    expect(await command(id, 'retry')).toMatchObject({
      status: 409,
      body: {
        detail: 'Task has not ended (SCHEDULED) and cannot be retried',
        error: 'Task cannot be retried',
      },
    });
  });

  test('of a task cancelled before its time keeps that time, and many retries at once start only one run', async () => {
    const { id, scheduled_time } = await alice.create({ name: 'again', delay: hour });
    await command(id, 'cancel');
    const answers = await Promise.all(Array.from({ length: 20 }, () => command(id, 'retry')));
    const statuses = new Set(answers.map(({ status }) => status));
    expect(statuses).toContain(200);
    expect([...statuses].filter((status) => status !== 200 && status !== 409)).toEqual([]);
    expect(await alice.read(id)).toMatchObject({ status: 'SCHEDULED', scheduled_time, retry_count: 1 });
    const runs = [];
    for await (const run of temporal.workflow.list({ query: `WorkflowId = '${id}'` })) runs.push(run.runId);
    expect(runs).toHaveLength(2);
  });

  test('of a task that was run before its time is due at once', async () => {
    const { id } = await alice.create({ name: 'early', type: 'hopeless', delay: hour });
    await command(id, 'run-now');
    await alice.until(id, 'its end', hasEnded);
    await command(id, 'retry');
    const again = await alice.until(id, 'its second end', (task) => hasEnded(task) && task.retry_count === 1);
    expect(again.status).toBe('FAILED');
  });

  test('keeps the edited payload, and the list then shows only the new run', async () => {
    const { id } = await alice.create({
      name: 'edited',
      type: 'echo',
      delay: hour,
      payload: { which: 'first' },
    });
    expect(
      (await alice.call('PATCH', `/api/tasks/${id}/`, { payload: { which: 'second' }, delay: 0 })).status,
    ).toBe(200);
    const first = await alice.until(id, 'its end', hasEnded);
    expect(first.result).toMatchObject({ payload: { which: 'second' } });
    await command(id, 'retry');
    const second = await alice.until(
      id,
      'its second end',
      (task) => hasEnded(task) && task.version > first.version,
    );
    expect(second.result).toMatchObject({ payload: { which: 'second' } });
    expect(second.payload).toEqual({ which: 'second' });
    const key = (task: Task): unknown => (task.result as { idempotencyKey: string }).idempotencyKey;
    expect(key(second)).not.toBe(key(first));
    const { body: list } = await alice.call<Task[]>('GET', '/api/tasks/');
    expect(list.filter((task) => task.id === id)).toMatchObject([
      { status: 'COMPLETED', version: second.version },
    ]);
  });
});

describe('edit', () => {
  test('with large payloads, many times, leaves the task readable and open to commands', async () => {
    const { id } = await alice.create({ name: 'large', type: 'echo', delay: hour });
    for (let round = 1; round <= 20; round += 1) {
      const payload = { round, text: 'x'.repeat(250_000) };
      // A busy worker may take longer than the three seconds that an edit waits for it: 503, and not made.
      const edit = async () => (await alice.call('PATCH', `/api/tasks/${id}/`, { payload })).status === 200;
      await waitFor(`edit ${round}`, edit);
    }
    expect((await alice.read(id)).payload).toMatchObject({ round: 20 });
    expect(await done(id, 'cancel')).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
  });

  test('of different fields at the same time loses none of the changes', async () => {
    const { id } = await alice.create({ name: 'together', delay: hour });
    const changes = [{ name: 'renamed' }, { description: 'described' }, { priority: 1 }, { tags: ['x'] }];
    const answers = await Promise.all(
      changes.map((change) => alice.call('PATCH', `/api/tasks/${id}/`, change)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await alice.read(id)).toMatchObject(Object.assign({}, ...changes) as Record<string, unknown>);
  });

  test('reschedules a task with a current ETag, and is rejected with 412 when the ETag is stale', async () => {
    const created = await alice.call<Task>('POST', '/api/tasks/', { name: 'moved', delay: hour });
    const { id } = created.body;
    const etag = created.headers.get('ETag') ?? '';
    const at = new Date(Date.now() + 2 * hour * 1000).toISOString();
    const patched = await alice.call<Task>(
      'PATCH',
      `/api/tasks/${id}/`,
      { scheduled_time: at },
      { 'If-Match': etag },
    );
    expect(patched).toMatchObject({
      status: 200,
      body: { scheduled_time: at, version: created.body.version + 1 },
    });
    const stale = await alice.call(
      'PATCH',
      `/api/tasks/${id}/`,
      { name: 'lost update' },
      { 'If-Match': etag },
    );
    expect(stale).toMatchObject({ status: 412, body: { code: 'stale_version' } });
    expect(await alice.read(id)).toMatchObject({ name: 'moved', scheduled_time: at });
    const soon = await alice.call<Task>('PATCH', `/api/tasks/${id}/`, { delay: 0.2 });
    expect(soon.status).toBe(200);
    const end = await alice.until(id, 'its end', hasEnded);
    expect(Date.parse(end.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(soon.body.scheduled_time));
  });

  test('is rejected with 409 once the task has ended, and says why', async () => {
    const { id } = await alice.create({ name: 'started', delay: 0 });
    await alice.until(id, 'its end', hasEnded);
    const answer = await alice.call('PATCH', `/api/tasks/${id}/`, { name: 'late' });
    expect(answer).toMatchObject({
      status: 409,
      body: { detail: 'Task has ended (COMPLETED) and cannot be changed' },
    });
  });
});

describe('delete', () => {
  test('removes an ended task with all its runs, and a scheduled one, which then never runs', async () => {
    const { id: done } = await alice.create({ name: 'done', delay: 0 });
    await alice.until(done, 'its end', hasEnded);
    await command(done, 'retry');
    await alice.until(done, 'its second end', (task) => hasEnded(task) && task.retry_count === 1);
    const { id: waiting } = await alice.create({ name: 'waiting', delay: hour });
    for (const id of [done, waiting]) {
      expect((await alice.call('DELETE', `/api/tasks/${id}/`)).status).toBe(204);
      // At once, although Temporal itself shows an ended run for some seconds more.
      expect((await alice.call('GET', `/api/tasks/${id}/`)).status).toBe(404);
      const { body } = await alice.call<Task[]>('GET', '/api/tasks/?limit=100');
      expect(body.map((task) => task.id)).not.toContain(id);
      expect((await alice.call('DELETE', `/api/tasks/${id}/`)).status).toBe(404);
    }
  });

  test('of a running task is rejected with 409', async () => {
    const { id } = await alice.create({
      name: 'running',
      type: 'grumpy',
      delay: 0,
      payload: { ends_by: 'throw' },
    });
    await alice.until(id, 'it to run', isRunningNow);
    expect((await alice.call('DELETE', `/api/tasks/${id}/`)).status).toBe(409);
    await command(id, 'cancel');
  });
});

describe('Temporal', () => {
  test('shows a task in readable form: its type and name, its description, its current state, its timer and its failure', async () => {
    const { id } = await alice.create({
      name: 'Nightly',
      description: 'All *sales*: <img src=x> [here](https://example.org)',
      type: 'hopeless',
      delay: 0,
    });
    await alice.until(id, 'its failure', ({ status }) => status === 'FAILED');
    const handle = temporal.workflow.getHandle(id);
    const description = await handle.describe();
    expect(description.status.name).toBe('FAILED');
    expect(await description.staticSummary()).toBe('hopeless: Nightly');
    expect(await description.staticDetails()).toBe(
      'All *sales*: \\<img src=x> \\[here](https://example.org)',
    );
    const waiting = await alice.create({ name: 'Later', delay: hour });
    // Wake it: a hibernating task has neither a state of its workflow nor a timer.
    for (const name of ['pause', 'resume']) await done(waiting.id, name);
    const metadata = await temporal.workflow
      .getHandle(waiting.id)
      .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(metadata.currentDetails).toContain(`Scheduled** for ${waiting.scheduled_time}`);
    const { events } = await temporal.workflow.getHandle(waiting.id).fetchHistory();
    const timer = events?.find(({ timerStartedEventAttributes }) => timerStartedEventAttributes);
    expect(Buffer.from(timer?.userMetadata?.summary?.data ?? []).toString()).toContain(
      waiting.scheduled_time,
    );
  });

  test('can terminate a task, which then reads FAILED with the reason', async () => {
    const { id } = await alice.create({ name: 'terminated', delay: hour });
    await temporal.workflow.getHandle(id).terminate('by an operator');
    expect(await alice.read(id)).toMatchObject({
      status: 'FAILED',
      error_message: 'Terminated from outside: by an operator',
    });
  });

  test('can have other workflows that are not tasks, and the API answers 404 for them', async () => {
    const id = randomUUID();
    const options = { workflowId: id, taskQueue: 'unserved', args: [] };
    const handle = await temporal.workflow.start('somethingElse', options);
    expect((await alice.call('GET', `/api/tasks/${id}/`)).status).toBe(404);
    expect((await alice.call('POST', `/api/tasks/${id}/cancel/`)).status).toBe(404);
    await handle.terminate();
  });
});
