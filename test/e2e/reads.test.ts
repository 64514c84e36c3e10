/** What a read of a task costs in calls to Temporal: an ended run does not change, so its events are read once. */
import { beforeEach, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { Actor } from '../../src/resources/actor.ts';
import type { TaskService } from '../../src/tasks/service.ts';
import type { Caller } from '../support/caller.ts';
import { ownTaskService } from '../support/own-task-service.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';
import { type RecordedTelemetry, recordTelemetry } from '../support/telemetry.ts';

const service = useService();
let alice: Caller;
let tasks: TaskService;
let actor: Actor;
let telemetry: RecordedTelemetry;

beforeEach(async () => {
  alice = await service.as('alice');
  telemetry = recordTelemetry();
  tasks = ownTaskService(service, { telemetry });
});

/** Creates a task and waits for its end. */
async function endedTask(payload: object): Promise<Task> {
  const { id } = await alice.create({ name: 'read', type: 'echo', delay: 0, payload });
  const task = await alice.until(id, 'its end', hasEnded);
  actor = { id: task.owner, name: 'alice', role: 'user' };
  return task;
}

/** Returns the calls that a read makes, by name. */
async function callsOf(read: () => Promise<unknown>): Promise<string[]> {
  const before = telemetry.measurements.length;
  await read();
  return telemetry.measurements
    .slice(before)
    .filter(({ name }) => name === 'taskbell_temporal_calls_total')
    .map(({ labels }) => String(labels['call']))
    .toSorted();
}

const first = ['describeWorkflow', 'getWorkflowHistory'];

test('the status of an ended task takes two calls, and one from then on', async () => {
  const { id } = await endedTask({});
  expect(await callsOf(() => tasks.readSummary(actor, id))).toEqual(first);
  expect(await callsOf(() => tasks.readSummary(actor, id))).toEqual(['describeWorkflow']);
});

test('a whole ended task takes three calls, and one from then on', async () => {
  const { id } = await endedTask({ text: 'kept' });
  expect(await callsOf(() => tasks.read(actor, id))).toEqual([...first, 'getWorkflowHistory']);
  const again = await tasks.read(actor, id);
  expect(again.task).toMatchObject({ status: 'COMPLETED', payload: { text: 'kept' } });
  expect(await callsOf(() => tasks.read(actor, id))).toEqual(['describeWorkflow']);
});

test('a retry and a deletion are seen at once, whatever was read before', async () => {
  const { id } = await endedTask({ text: 'before' });
  expect((await tasks.read(actor, id)).task.payload).toEqual({ text: 'before' });
  await alice.call('POST', `/api/tasks/${id}/retry/`, { payload: { text: 'after' } });
  expect((await tasks.read(actor, id)).task).toMatchObject({ retry_count: 1, payload: { text: 'after' } });
  await alice.until(id, 'its second end', hasEnded);
  const { task } = await tasks.read(actor, id);
  expect(task).toMatchObject({ status: 'COMPLETED', payload: { text: 'after' } });
  await tasks.remove(actor, id);
  await expect(tasks.read(actor, id)).rejects.toMatchObject({ code: 'not_found' });
});
