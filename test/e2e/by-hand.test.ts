/** What people and programs do to a task in Temporal itself: the task goes on, and the API says what is true. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncCompletionClient, type Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';
import { waitFor } from '../support/wait-for.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const service = useService();
let alice: Caller;
let temporal: Client;
let folder: string;

beforeAll(async () => {
  alice = await service.as('alice');
  temporal = await connectTemporal();
  folder = await mkdtemp(join(tmpdir(), 'taskbell-marks-'));
});

afterAll(async () => {
  await temporal.connection.close();
  await rm(folder, { recursive: true, force: true });
});

/** Creates a task, and waits until a worker has taken its first attempt, of which its workflow knows nothing yet. */
async function startAttempt(payload: { wait_ms: number }): Promise<{ task: Task; file: string }> {
  const file = join(folder, randomUUID());
  const task = await alice.create({ name: 'taken', type: 'marks', delay: 0, payload: { file, ...payload } });
  await waitFor('the mark of its first attempt', () => readFile(file, 'utf8').catch(() => undefined));
  return { task, file };
}

async function activityOf(id: string): Promise<string> {
  return waitFor('its attempt', async () => {
    const { raw } = await temporal.workflow.getHandle(id).describe();
    return raw.pendingActivities?.[0]?.activityId ?? undefined;
  });
}

describe('a message of another shape', () => {
  const signals = ['command', 'attempt-begun', 'attempt-over', 'successor', 'predecessor-over', 'unknown'];
  const shapes = [[], [null], [123], [{}], [{ id: 'zzz', report: {} }], [{ command: { not: 'a word' } }]];

  test('is ignored: the task takes commands as before, and runs at its time', async () => {
    const { id } = await alice.create({ name: 'pestered', type: 'echo', delay: 86_400 });
    const handle = temporal.workflow.getHandle(id);
    for (const name of signals) for (const shape of shapes) await handle.signal(name, ...shape);
    await expect(handle.executeUpdate('edit', { args: [{}] })).rejects.toThrow('Workflow Update failed');
    await expect(handle.executeUpdate('edit', { args: [] })).rejects.toThrow('Workflow Update failed');
    const edited = await alice.call<Task>('PATCH', `/api/tasks/${id}/`, { name: 'pestered and edited' });
    expect(edited).toMatchObject({ status: 200, body: { version: 2 } });
    await alice.call('POST', `/api/tasks/${id}/run-now/`);
    const end = await alice.until(id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'COMPLETED', name: 'pestered and edited' });
    const { body } = await alice.call<{ type: string }[]>('GET', `/api/tasks/${id}/history/`);
    expect(body.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['created', 'edited', 'run_now', 'completed']),
    );
  });
});

describe('an attempt', () => {
  test.each([{ result: { by: 'hand' } }, { result: null }, { result: 'a text' }])(
    'completed by hand with $result completes its task with that result',
    async ({ result }) => {
      const { id } = await alice.create({ name: 'by hand', type: 'hangs', delay: 0 });
      await alice.until(id, 'its start', ({ status }) => status === 'RUNNING');
      const { address, namespace } = inject('temporal');
      const connection = await Connection.connect({ address });
      const activity = { workflowId: id, activityId: await activityOf(id) };
      await new AsyncCompletionClient({ connection, namespace }).complete(activity, result);
      await connection.close();
      const end = await alice.until(id, 'its end', hasEnded);
      expect(end).toMatchObject({ status: 'COMPLETED', result, attempt: 1 });
      expect(end.attempts).toMatchObject([{ attempt: 1, outcome: 'completed' }]);
    },
  );

  test('that a worker has taken goes on undisturbed if a pause arrives before the workflow knows of it', async () => {
    const { task, file } = await startAttempt({ wait_ms: 3000 });
    await temporal.workflow.getHandle(task.id).signal('command', { command: 'pause', by: 'hand' });
    const end = await alice.until(task.id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'COMPLETED', attempt: 1, retry_count: 0 });
    expect(await readFile(file, 'utf8')).toBe('attempt 1\ndone\n');
    const { body } = await alice.call<{ type: string }[]>('GET', `/api/tasks/${task.id}/history/`);
    expect(body.map(({ type }) => type)).not.toContain('paused');
  });

  test('that outlived such a pause can still be cancelled', async () => {
    const { task, file } = await startAttempt({ wait_ms: 60_000 });
    await temporal.workflow.getHandle(task.id).signal('command', { command: 'pause', by: 'hand' });
    await expect
      .poll(() => temporal.workflow.getHandle(task.id).query<{ status: string }>('status'))
      .toMatchObject({ status: 'RUNNING' });
    await alice.call('POST', `/api/tasks/${task.id}/cancel/`);
    const end = await alice.until(task.id, 'its end', hasEnded);
    expect(end.status).toBe('CANCELLED');
    expect(await readFile(file, 'utf8')).toBe('attempt 1\n');
  });

  test('that is cancelled just as a pause arrives ends as cancelled, with its record', async () => {
    const { task, file } = await startAttempt({ wait_ms: 60_000 });
    const handle = temporal.workflow.getHandle(task.id);
    await Promise.all([handle.signal('command', { command: 'pause', by: 'hand' }), handle.cancel()]);
    const end = await alice.until(task.id, 'its end', hasEnded);
    expect(end).toMatchObject({ status: 'CANCELLED', attempts: [{ attempt: 1, outcome: 'cancelled' }] });
    expect(await readFile(file, 'utf8')).toBe('attempt 1\n');
  });
});
