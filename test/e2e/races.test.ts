/** How a task ends if it is cancelled as it completes: all readers must see the same end. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { endedStatuses } from '../../src/contract/status.ts';
import type { Task, TaskSummary } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';

const service = useService();
let alice: Caller;
let temporal: Client;

beforeAll(async () => {
  alice = await service.as('alice');
  temporal = new Client({ connection: await Connection.connect({ address: inject('temporal').address }) });
});

afterAll(async () => {
  await temporal.connection.close();
});

/** Returns how a task ended according to the API, its status URL and Temporal, once the list shows it too. */
async function endings(id: string): Promise<string[]> {
  const { status } = await alice.until(id, 'its end', hasEnded);
  const { body: view } = await alice.call<Task>('GET', `/api/tasks/${id}/status/`);
  const execution = await temporal.workflow.getHandle(id).describe();
  const row = async (): Promise<string | undefined> => {
    const { body } = await alice.call<TaskSummary[]>('GET', '/api/tasks/?limit=100');
    return body.find((task) => task.id === id && hasEnded(task))?.status;
  };
  await expect.poll(row, { timeout: 20_000 }).toBe(status);
  return [status, view.status, execution.status.name];
}

test('a task that is cancelled as it completes has one outcome, which is the same for all readers', async () => {
  const last = 23;
  const races = Array.from({ length: last + 1 }, async (_, index) => {
    // Some end before the cancellation arrives, some are stopped by it, and some end at the same time.
    const payload = { steps: 1, step_ms: index === last ? 60_000 : index * 120 };
    const { id } = await alice.create({ name: `race ${index}`, type: 'slow', delay: 0, payload });
    const feed = await alice.watch(`/ws/tasks/${id}/`);
    if (index === 0) await alice.until(id, 'its end', hasEnded);
    else if (index % 4 === 0) await alice.until(id, 'its time', ({ status }) => status !== 'SCHEDULED');
    const { status: answer } = await alice.call<Task>('POST', `/api/tasks/${id}/cancel/`);
    const reported = () => feed.tasks().flatMap(({ status }) => (endedStatuses.has(status) ? [status] : []));
    await feed.until('its end', () => reported().length > 0);
    const all = [...(await endings(id)), ...reported()];
    // Reported once, even after all the reads above.
    expect(reported()).toHaveLength(1);
    feed.socket.close();
    expect(new Set(all), `cancel answered ${answer}`).toEqual(new Set([all[0]]));
    expect(['COMPLETED', 'CANCELLED']).toContain(all[0]);
    // The task ended as the response to the cancellation said.
    const promised = { 200: 'CANCELLED', 409: 'COMPLETED' }[answer];
    expect([promised ?? all[0], answer]).toEqual([all[0], answer]);
    return all[0];
  });
  expect(new Set(await Promise.all(races))).toEqual(new Set(['COMPLETED', 'CANCELLED']));
});
