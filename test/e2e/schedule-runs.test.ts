/**
 * The runs of a Temporal Schedule as tasks, which are seen and changed like those created by hand. The schedules are
 * created in Temporal itself, with the action that ours will have.
 */
import { randomUUID } from 'node:crypto';
import { type Client, defaultPayloadConverter } from '@temporalio/client';
import { encodeUnifiedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { searchAttributes, scheduledBy } from '../../src/contract/names.ts';
import { runIdOf, workflowIdOf, workflowIdPrefixOf } from '../../src/contract/run-id.ts';
import type { Task, TaskCounts, TaskSummary } from '../../src/contract/task.ts';
import type { TaskInput } from '../../src/contract/workflow.ts';
import { memoOf } from '../../src/tasks/start.ts';
import type { Caller } from '../support/caller.ts';
import { type Service, useService } from '../support/service.ts';
import { aTaskInput, hasEnded } from '../support/task.ts';
import { connectTemporal } from '../support/temporal-client.ts';
import { waitFor } from '../support/wait-for.ts';

const { namespace } = inject('temporal');
const service = useService({
  workers: 0,
  environment: { TASKBELL_WORKER_CONCURRENCY: '1', TASKBELL_WEB_UI_URL: 'http://127.0.0.1:8233' },
});
let client: Client;
let alice: Caller;
let owner: TaskInput['owner'];

beforeAll(async () => {
  client = await connectTemporal();
  alice = await service.as('alice');
  const { id, owner: ownerId } = await alice.create({ name: 'to learn the id of the account', delay: 3600 });
  await alice.call('DELETE', `/api/tasks/${id}/`);
  owner = { id: ownerId, name: service.users.alice.name };
});

afterAll(() => client.connection.close());

const payloadOf = (value: unknown) => defaultPayloadConverter.toPayload(value);
const payloadsOf = (values: object) =>
  Object.fromEntries(
    Object.entries(JSON.parse(JSON.stringify(values)) as object).map(([key, value]) => [
      key,
      payloadOf(value),
    ]),
  );

/** Creates a schedule that starts a task only when it is triggered. @returns its id. */
async function createSchedule(
  task: Partial<TaskInput>,
  overlap: 'skip' | 'allow_all' = 'allow_all',
): Promise<string> {
  const scheduleId = randomUUID();
  const schedule = { id: scheduleId, name: 'each morning', timezone: 'Europe/Oslo' };
  const { scheduled_time: _time, created_at: _created, ...input } = aTaskInput({ ...task, owner, schedule });
  const { created_at: _never, ...memo } = memoOf({ input: { ...input, scheduled_time: '', created_at: '' } });
  await client.workflowService.createSchedule({
    namespace,
    scheduleId,
    requestId: randomUUID(),
    schedule: {
      spec: { interval: [{ interval: msNumberToTs(300 * 86_400_000) }] },
      state: { paused: true, notes: 'triggered by tests' },
      policies: { overlapPolicy: overlap === 'skip' ? 1 : 6 },
      action: {
        startWorkflow: {
          workflowId: workflowIdPrefixOf(scheduleId),
          workflowType: { name: 'task' },
          taskQueue: { name: service.taskQueue },
          input: { payloads: [payloadOf(input)] },
          memo: { fields: payloadsOf(memo) },
          searchAttributes: {
            indexedFields: encodeUnifiedSearchAttributes(undefined, [
              { key: searchAttributes.owner, value: owner.id },
              { key: searchAttributes.status, value: 'PENDING' },
              { key: searchAttributes.type, value: input.type },
              { key: searchAttributes.name, value: input.name },
              { key: searchAttributes.version, value: 1 },
            ]),
          },
        },
      },
    },
  });
  return scheduleId;
}

/** Starts the run for a time. @returns the id that it has as a task. */
async function trigger(scheduleId: string, at: string): Promise<string> {
  const scheduledTime = msNumberToTs(Date.parse(at));
  const triggerImmediately = { scheduledTime };
  const requestId = randomUUID();
  await client.workflowService.patchSchedule({
    namespace,
    scheduleId,
    requestId,
    patch: { triggerImmediately },
  });
  const id = runIdOf(scheduleId, Date.parse(at));
  await waitFor('the run', async () => (await alice.call('GET', `/api/tasks/${id}/`)).status === 200);
  return id;
}

const lists = async (query: string): Promise<string[]> => {
  const { status, body } = await alice.call<TaskSummary[]>('GET', `/api/tasks/?${query}`);
  expect(status).toBe(200);
  return body.map(({ id }) => id);
};

const at = '2026-11-01T09:00:00Z';
const ofThatDay = 'scheduled_after=2026-11-01T00:00:00Z&scheduled_before=2026-11-02T00:00:00Z';

describe('without a worker', () => {
  let id: string;

  beforeAll(async () => {
    const schedule = await createSchedule({ name: 'waits', type: 'echo', payload: { a: 1 } });
    const known = runIdOf(schedule, Date.parse(at));
    expect((await alice.call('GET', `/api/tasks/${known}/`)).status).toBe(404);
    id = await trigger(schedule, at);
    expect(id).toBe(known);
  });

  test('a run is PENDING, with the time that its id has', async () => {
    const task = await alice.read(id);
    expect(task).toMatchObject({
      id,
      name: 'waits',
      type: 'echo',
      status: 'PENDING',
      waiting: { reason: 'worker' },
      scheduled_time: '2026-11-01T09:00:00.000Z',
      payload: { a: 1 },
      attempt: 0,
      version: 1,
      schedule: { id: expect.any(String) as string, name: 'each morning' },
    });
    expect(task.created_at).toBe(task.updated_at);
    expect(Date.now() - Date.parse(task.created_at)).toBeLessThan(120_000);
  });

  test('lists and counts have it, and no other user sees it', async () => {
    await expect.poll(() => lists('status=PENDING&name=waits')).toEqual([id]);
    const { body } = await alice.call<TaskCounts>('GET', '/api/tasks/counts/?name=waits');
    expect(body).toMatchObject({ counts: { PENDING: 1 }, total: 1 });
    const bob = await service.as('bob');
    for (const [method, path] of [
      ['GET', `/api/tasks/${id}/`],
      ['GET', `/api/tasks/${id}/history/`],
      ['POST', `/api/tasks/${id}/cancel/`],
      ['DELETE', `/api/tasks/${id}/`],
    ] as const) {
      expect((await bob.call(method, path)).status, path).toBe(404);
    }
  });

  test('an admin gets the address of its page in the Web UI, by the id of its workflow', async () => {
    const root = await service.as('root');
    const { links } = await root.read(id);
    expect(links.temporal).toContain(`/workflows/${encodeURIComponent(workflowIdOf(id))}/`);
  });

  test('its history begins with its creation', async () => {
    const { body } = await alice.call<{ entries: { type: string; by: unknown }[] }>(
      'GET',
      `/api/tasks/${id}/history/`,
    );
    expect(JSON.stringify(body)).toContain('"created"');
  });
});

describe('with a worker', () => {
  let worker: Awaited<ReturnType<Service['startWorker']>>;

  beforeAll(async () => {
    worker = await service.startWorker();
  });

  afterAll(() => worker.close());

  test('a run completes; its handler knows it by its id as a task, and lists find it by its times', async () => {
    const feed = await alice.watch('/ws/tasks/');
    await feed.until('its start', ({ messages }) => messages.length > 0);
    const schedule = await createSchedule({ name: 'runs', type: 'echo', payload: { b: 2 } });
    const id = await trigger(schedule, at);
    const task = await alice.until(id, 'its end', hasEnded);
    expect(task).toMatchObject({
      status: 'COMPLETED',
      attempt: 1,
      result: {
        taskId: id,
        attempt: 1,
        payload: { b: 2 },
        idempotencyKey: expect.stringContaining(id) as string,
      },
      scheduled_time: '2026-11-01T09:00:00.000Z',
      version: 2,
    });
    await feed.until('the end in the feed', ({ messages }) =>
      messages.some((message) => message.type === 'task' && message.id === id && hasEnded(message)),
    );
    feed.socket.close();
    await expect.poll(() => lists(`name=runs&${ofThatDay}`)).toEqual([id]);
    const since = new Date(Date.parse(task.created_at)).toISOString();
    await expect.poll(() => lists(`name=runs&created_after=${since}`)).toEqual([id]);
    expect(await lists('name=runs&scheduled_after=2026-11-02T00:00:00Z')).toEqual([]);
  });

  test('a quick run writes its times too', async () => {
    const schedule = await createSchedule({ name: 'quick', type: 'brisk', quick: true, payload: {} });
    const id = await trigger(schedule, at);
    await alice.until(id, 'its end', hasEnded);
    await expect.poll(() => lists(`name=quick&${ofThatDay}`)).toEqual([id]);
  });

  test('a retry keeps the id and the schedule, and lists show the task once', async () => {
    const schedule = await createSchedule({ name: 'fails', type: 'hopeless', payload: {} });
    const id = await trigger(schedule, at);
    expect(await alice.until(id, 'its failure', hasEnded)).toMatchObject({
      status: 'FAILED',
      retry_count: 0,
    });
    const { status, body } = await alice.call<Task>('POST', `/api/tasks/${id}/retry/`);
    expect([status, body.id]).toEqual([200, id]);
    const again = await alice.until(
      id,
      'its second failure',
      (task) => hasEnded(task) && task.retry_count === 1,
    );
    expect(Date.parse(again.scheduled_time)).toBeGreaterThan(Date.parse(at));
    await expect.poll(() => lists('name=fails')).toEqual([id]);
    await expect
      .poll(async () => (await alice.call<TaskCounts>('GET', '/api/tasks/counts/?name=fails')).body.counts)
      .toMatchObject({ FAILED: 1 });
    expect(again.schedule).toEqual({ id: schedule, name: 'each morning' });
    const ofSchedule = `${scheduledBy.name} = '${schedule}'`;
    await expect.poll(async () => (await client.workflow.count(ofSchedule)).count).toBe(2);
    await expect.poll(() => lists(`schedule=${schedule}`)).toEqual([id]);
  });

  test('its handler gets the schedule, the time and the result of the last run that completed', async () => {
    const id = await createSchedule({ name: 'knows', type: 'echo', payload: {} }, 'skip');
    const first = await alice.until(await trigger(id, at), 'its end', hasEnded);
    const schedule = { id, name: 'each morning', timezone: 'Europe/Oslo' };
    expect(first.result).toMatchObject({
      schedule: { ...schedule, scheduled_time: '2026-11-01T09:00:00.000Z', previous: null },
    });
    const second = await alice.until(await trigger(id, '2026-11-01T10:00:00Z'), 'its end', hasEnded);
    expect(second.result).toMatchObject({
      schedule: {
        ...schedule,
        scheduled_time: '2026-11-01T10:00:00.000Z',
        previous: { result: first.result, ended_at: first.attempts.at(-1)?.finished_at },
      },
    });
    const byHand = await alice.create({ name: 'by hand', type: 'echo', delay: 0 });
    expect((await alice.until(byHand.id, 'its end', hasEnded)).result).not.toHaveProperty('schedule');
  });

  test('lists, counts, actions and feeds can be limited to a schedule', async () => {
    const [one, other] = [
      await createSchedule({ name: 'of one', type: 'echo' }),
      await createSchedule({ name: 'of another', type: 'echo' }),
    ];
    const feed = await alice.watch(`/ws/tasks/?schedule=${one}`);
    await feed.until('its start', ({ messages }) => messages.length > 0);
    const ids = [
      await trigger(one, at),
      await trigger(one, '2026-11-01T10:00:00Z'),
      await trigger(other, at),
    ];
    for (const id of ids) await alice.until(id, 'its end', hasEnded);
    await expect
      .poll(async () => (await lists(`schedule=${one}`)).toSorted())
      .toEqual(ids.slice(0, 2).toSorted());
    expect(await lists(`schedule=${one}&scheduled_after=2026-11-01T09:30:00Z`)).toEqual([ids[1]]);
    expect(await lists(`schedule=${randomUUID()}`)).toEqual([]);
    const counts = async (query: string) =>
      (await alice.call<TaskCounts>('GET', `/api/tasks/counts/?${query}`)).body;
    expect(await counts(`schedule=${one}`)).toMatchObject({ counts: { COMPLETED: 2 }, total: 2 });
    expect(await counts(`schedule=${other}`)).toMatchObject({ counts: { COMPLETED: 1 }, total: 1 });
    await feed.until('both ends', (seen) => seen.tasks().filter(hasEnded).length >= 2);
    expect(new Set(feed.tasks().map(({ id }) => id))).toEqual(new Set(ids.slice(0, 2)));
    feed.socket.close();
    const remove = { action: 'delete', filter: { schedule: one }, dry_run: true };
    expect(await alice.call('POST', '/api/tasks/actions/', remove)).toMatchObject({
      status: 200,
      body: { matched: 2 },
    });
    const bad = await alice.call('GET', '/api/tasks/?schedule=nonsense');
    expect(bad).toMatchObject({ status: 400, body: { errors: [{ pointer: '?schedule' }] } });
  });

  test('a running one is cancelled; an ended one is deleted', async () => {
    const schedule = await createSchedule({ name: 'stops', type: 'grumpy', payload: { ends_by: 'throw' } });
    const id = await trigger(schedule, at);
    await alice.until(id, 'its attempt', ({ attempts }) => attempts.at(-1)?.outcome === 'running');
    expect((await alice.call('POST', `/api/tasks/${id}/cancel/`)).status).toBeLessThan(300);
    expect(await alice.until(id, 'its end', hasEnded)).toMatchObject({ status: 'CANCELLED' });
    expect((await alice.call('DELETE', `/api/tasks/${id}/`)).status).toBe(204);
    expect((await alice.call('GET', `/api/tasks/${id}/`)).status).toBe(404);
  });

  test('one that waits for a worker is edited, paused and resumed; a task follows it', async () => {
    const blocker = await alice.create({
      name: 'blocks',
      type: 'grumpy',
      payload: { ends_by: 'return' },
      delay: 0,
    });
    await alice.until(blocker.id, 'its attempt', ({ attempts }) => attempts.at(-1)?.outcome === 'running');
    const schedule = await createSchedule({ name: 'changes', type: 'echo', payload: { c: 1 } });
    const id = await trigger(schedule, at);
    const after = await alice.create({ name: 'follows', type: 'echo', delay: 0, after: [id] });
    await alice.until(id, 'its first record', ({ version }) => version === 2);
    const edited = await alice.call<Task>('PATCH', `/api/tasks/${id}/`, { payload: { c: 2 } });
    expect(edited).toMatchObject({ status: 200, body: { payload: { c: 2 } } });
    expect((await alice.call('POST', `/api/tasks/${id}/pause/`)).status).toBeLessThan(300);
    await alice.until(id, 'its pause', ({ waiting }) => waiting?.reason === 'paused');
    await alice.call('POST', `/api/tasks/${blocker.id}/cancel/`);
    expect((await alice.call('POST', `/api/tasks/${id}/resume/`)).status).toBeLessThan(300);
    expect(await alice.until(id, 'its end', hasEnded)).toMatchObject({
      status: 'COMPLETED',
      result: { payload: { c: 2 } },
    });
    expect(await alice.until(after.id, 'the end of the other', hasEnded)).toMatchObject({
      status: 'COMPLETED',
    });
    const { body } = await alice.call<{ type: string }[]>('GET', `/api/tasks/${id}/history/`);
    const types = JSON.stringify(body);
    for (const type of ['created', 'edited', 'paused', 'resumed']) expect(types).toContain(`"${type}"`);
  });
});
