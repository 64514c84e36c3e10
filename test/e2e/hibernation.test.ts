/** Tasks that are due later: they take one event and no worker until then, and every command wakes them. */
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { LiveExecution } from '../../src/tasks/execution.ts';
import { createTaskStore } from '../../src/tasks/store.ts';
import { createTemporal } from '../../src/temporal/temporal.ts';
import { type Caller, untilDone } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';
import { connectTemporal } from '../support/temporal-client.ts';
import { waitFor } from '../support/wait-for.ts';

const hour = 3600;

const service = useService();
let alice: Caller;
let temporal: Client;

beforeAll(async () => {
  alice = await service.as('alice');
  temporal = await connectTemporal();
});

afterAll(() => temporal.connection.close());

const create = (delay: number, changes: object = {}): Promise<Task> =>
  alice.create({ name: 'later', type: 'echo', delay, ...changes });
const command = (id: string, name: string) =>
  untilDone(() => alice.call<Task>('POST', `/api/tasks/${id}/${name}/`));

/** Returns the kinds of the newest run's events. */
async function eventsOf(id: string): Promise<string[]> {
  const { events } = await temporal.workflow.getHandle(id).fetchHistory();
  return (events ?? []).flatMap((event) => Object.keys(event).filter((key) => key.endsWith('Attributes')));
}

const started = ['workflowExecutionStartedEventAttributes'];

/** Checks that a task starts no earlier than its time, and soon after it. */
function expectOnTime({ started_at, scheduled_time }: Task): void {
  const late = Date.parse(started_at ?? '') - Date.parse(scheduled_time);
  expect(late).toBeGreaterThanOrEqual(0);
  expect(late).toBeLessThan(5000);
}

describe.concurrent('a task that is due later', () => {
  test('has a single event until it is due, and then runs without a timer', async () => {
    const { id } = await create(3);
    expect(await eventsOf(id)).toEqual(started);
    expect(await alice.read(id)).toMatchObject({
      status: 'SCHEDULED',
      waiting: { reason: 'time' },
      version: 1,
    });
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'COMPLETED', attempt: 1 });
    expectOnTime(end);
    expect(await eventsOf(id)).not.toContain('timerStartedEventAttributes');
  });

  test('says in the Temporal Web UI until when it hibernates, above its description', async () => {
    const { id, scheduled_time } = await create(hour, { description: 'what it is for' });
    const { staticDetails } = await temporal.workflow.getHandle(id).describe();
    const text = `Created to hibernate until ${scheduled_time}: without a workflow task until then, unless it is changed before.`;
    expect(await staticDetails()).toBe(`${text}\n\nwhat it is for`);
  });

  test('waits in its workflow if it is due within two seconds, or follows another', async () => {
    const soon = await create(1.5);
    const first = await create(hour);
    const next = await create(hour, { after: [first.id] });
    for (const { id } of [soon, next]) {
      await waitFor('a workflow task', async () => (await eventsOf(id)).length > 1);
    }
    const asked = 'workflowExecutionSignaledEventAttributes';
    await waitFor('the request of the second', async () => (await eventsOf(first.id)).includes(asked));
    expect(await eventsOf(first.id)).not.toContain('workflowTaskScheduledEventAttributes');
    // Its end reaches the task that follows it, although its workflow had not begun when that asked.
    await command(first.id, 'run-now');
    await command(next.id, 'run-now');
    expect(await alice.until(next.id, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED' });
  });

  test('hibernates again after a retry to a later time', async () => {
    const { id } = await create(0);
    await alice.until(id, 'its end', hasEnded);
    expect((await alice.call('POST', `/api/tasks/${id}/retry/`, { delay: 3 })).status).toBe(200);
    expect(await eventsOf(id)).toEqual(started);
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'COMPLETED', retry_count: 1 });
    expectOnTime(end);
  });
});

describe.concurrent('a hibernating task', () => {
  test('is paused, then resumed, and runs at its time', async () => {
    const { id } = await create(4);
    expect(await command(id, 'pause')).toMatchObject({
      status: 200,
      body: { waiting: { reason: 'paused' } },
    });
    expect(await command(id, 'resume')).toMatchObject({ status: 200, body: { waiting: { reason: 'time' } } });
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'COMPLETED', attempt: 1 });
    expectOnTime(end);
  });

  test('stays paused beyond its time', async () => {
    const { id, scheduled_time } = await create(2.5);
    await command(id, 'pause');
    await waitFor('its time', () => Date.now() > Date.parse(scheduled_time) + 500);
    expect(await alice.read(id)).toMatchObject({
      status: 'SCHEDULED',
      waiting: { reason: 'paused' },
      attempt: 0,
    });
    await command(id, 'resume');
    expect(await alice.until(id, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED' });
  });

  test('runs at once on run-now', async () => {
    const { id } = await create(hour);
    expect((await command(id, 'run-now')).status).toBe(200);
    expect(await alice.until(id, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
  });

  test('is cancelled at once, and never runs', async () => {
    const { id } = await create(hour);
    const { status, body } = await command(id, 'cancel');
    expect({ status, body }).toMatchObject({ status: 200, body: { status: 'CANCELLED', attempt: 0 } });
  });

  test.each([
    { what: 'sooner', before: hour, after: 2 },
    { what: 'later', before: 3, after: 5 },
  ])('edited to $what runs then', async ({ before, after }) => {
    const { id } = await create(before);
    const edit = await alice.call<Task>('PATCH', `/api/tasks/${id}/`, { delay: after });
    expect(edit).toMatchObject({ status: 200, body: { version: 2 } });
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'COMPLETED', scheduled_time: edit.body.scheduled_time });
    expectOnTime(end);
  });

  test('runs at its time after an edit that it rejected', async () => {
    const { id } = await create(3);
    const edit = { spec: {}, changed: [], expected_version: 7, not_after: '2000-01-01T00:00:00.000Z' };
    const update = temporal.workflow.getHandle(id).executeUpdate('edit', { args: [edit] });
    await expect(update).rejects.toThrow('Update failed');
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'COMPLETED', version: 2 });
    expectOnTime(end);
  });

  test('runs at its time after a signal from elsewhere, which does not wake it', async () => {
    const { id } = await create(3);
    await temporal.workflow.getHandle(id).signal('anything', 'at all');
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end.status).toBe('COMPLETED');
    expectOnTime(end);
  });

  test('is deleted at once, and leaves no workflow', async () => {
    const { id } = await create(hour);
    expect((await alice.call('DELETE', `/api/tasks/${id}/`)).status).toBe(204);
    expect((await alice.call('GET', `/api/tasks/${id}/`)).status).toBe(404);
    await waitFor('no workflow', () =>
      temporal.workflow
        .getHandle(id)
        .describe()
        .then(
          () => false,
          () => true,
        ),
    );
  });
});

describe('a command that meets the deletion of a hibernating task', () => {
  let own: ReturnType<typeof createTemporal>;
  let store: ReturnType<typeof createTaskStore>;

  beforeAll(() => {
    const { address, namespace } = inject('temporal');
    const { taskQueue } = service;
    own = createTemporal({ connection: { address }, namespace, taskQueue, identity: 'test' });
    store = createTaskStore(own);
  });

  afterAll(() => own.close());

  /** Returns a task as a command loads it. */
  async function loaded(id: string): Promise<LiveExecution> {
    const execution = await store.describe(id);
    if (!execution) throw new Error('It is no task');
    return execution;
  }

  const hasNoWorkflow = (id: string) =>
    temporal.workflow
      .getHandle(id)
      .describe()
      .then(
        () => false,
        () => true,
      );

  test('finds no task, and leaves no workflow', async () => {
    const { id } = await create(hour);
    const before = await loaded(id);
    const { namespace } = temporal.options;
    await temporal.workflowService.deleteWorkflowExecution({
      namespace,
      workflowExecution: { workflowId: id },
    });
    await waitFor('its deletion', () => hasNoWorkflow(id));
    const pause = store.command(before, { command: 'pause', by: 'someone' });
    await expect(pause).rejects.toMatchObject({ code: 'not_found' });
    await waitFor('no workflow', () => hasNoWorkflow(id));
    expect((await alice.call('GET', `/api/tasks/${id}/`)).status).toBe(404);
  });

  test('finds no task if its run has ended, and does not change its newer run', async () => {
    const { id } = await create(hour);
    const before = await loaded(id);
    await command(id, 'cancel');
    const pause = () => store.command(before, { command: 'pause', by: 'someone' });
    await expect(pause()).rejects.toMatchObject({ code: 'not_found' });
    expect((await alice.call('POST', `/api/tasks/${id}/retry/`, { delay: 3 })).status).toBe(200);
    await expect(pause()).rejects.toMatchObject({ code: 'not_found' });
    expect(await alice.until(id, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED' });
    const { body } = await alice.call<{ type: string }[]>('GET', `/api/tasks/${id}/history/`);
    expect(body.map(({ type }) => type)).not.toContain('paused');
  });

  test('is answered as for a deleted task', async () => {
    const tasks = await Promise.all(Array.from({ length: 10 }, () => create(hour)));
    await Promise.all(
      tasks.map(async ({ id }, index) => {
        const [{ status }, deleted] = await Promise.all([
          alice.call('POST', `/api/tasks/${id}/${index % 2 === 0 ? 'pause' : 'run-now'}/`),
          alice.call('DELETE', `/api/tasks/${id}/`),
        ]);
        expect([200, 202, 404, 409]).toContain(status);
        // A task that runs, since run-now was first, can't be deleted.
        expect([204, 409]).toContain(deleted.status);
        if (deleted.status === 204) await waitFor('no workflow', () => hasNoWorkflow(id));
      }),
    );
  });
});
