/** Commands that meet the start or the end of a task: the response says what happened, and all readers agree. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endedStatuses } from '../../src/contract/status.ts';
import type { Task, TaskSummary } from '../../src/contract/task.ts';
import { type Caller, createCaller } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';
import { waitFor } from '../support/wait-for.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const service = useService();
let alice: Caller;
let temporal: Client;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taskbell-marks-'));
  alice = await service.as('alice');
  temporal = await connectTemporal();
});

afterAll(async () => {
  await temporal.connection.close();
  await rm(folder, { recursive: true, force: true });
});

/** Number of commands of a kind that are sent around the time of their tasks. */
const commands = Number(process.env['RACES'] ?? 24);
/** Number of them at once: more than the worker has slots, so that some tasks wait for it. */
const atOnce = 12;

interface Race {
  readonly task: Task;
  readonly file: string;
}

/** Creates a task that is due in a second, and waits until about that time. */
async function startRace(index: number): Promise<Race> {
  const file = join(folder, randomUUID());
  const payload = { file, wait_ms: 100 };
  const request = { name: 'as it was', type: 'marks', delay: 1, payload };
  const headers = { 'Idempotency-Key': randomUUID() };
  const { status, body: task } = await alice.call<Task>('POST', '/api/tasks/', request, headers);
  expect(status).toBe(201);
  const aroundDue = Date.parse(task.scheduled_time) + (index % atOnce) * 12 - 20;
  await sleep(Math.max(0, aroundDue - Date.now()));
  return { task, file };
}

async function race(check: (race: Race) => Promise<void>): Promise<void> {
  for (let done = 0; done < commands; done += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, async (_, index) => check(await startRace(index))));
  }
}

/** Checks a task that a command came too late to change. */
async function expectAsItWas({ task }: Race): Promise<void> {
  const end = await alice.until(task.id, 'its end', hasEnded);
  const { scheduled_time, version } = task;
  expect(end).toMatchObject({ status: 'COMPLETED', name: 'as it was', scheduled_time, attempt: 1 });
  expect(end.attempts).toMatchObject([{ attempt: 1, outcome: 'completed' }]);
  expect(end.version).toBeGreaterThanOrEqual(version);
  expectNotBeforeItsTime(end);
}

/** Checks that the task's Idempotency-Key is not remembered as that of a deleted task (src/tasks/deleted-keys.ts). */
async function expectNoTraceOfDeletion({ task }: Race): Promise<void> {
  await expect(temporal.workflow.getHandle(`${task.id}-deleted`).describe()).rejects.toThrow(/not found/);
}

/** Returns what the attempts of a race's task have written. */
function markOf({ file }: Race): Promise<string> {
  return readFile(file, 'utf8').catch(() => 'none');
}

function expectNotBeforeItsTime({ started_at, scheduled_time }: Task): void {
  expect(Date.parse(started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(scheduled_time));
}

describe('a task that starts as it is', () => {
  test('edited is either edited before it starts, or runs as it was and the edit is answered 409', async () => {
    await race(async (race) => {
      const { id } = race.task;
      const { status } = await alice.call('PATCH', `/api/tasks/${id}/`, { name: 'edited', delay: 2 });
      if (status === 409) return expectAsItWas(race);
      expect(status).toBe(200);
      expect(existsSync(race.file), 'the mark of a task that has not started').toBe(false);
      const end = await alice.until(id, 'its end', hasEnded);
      expect(end).toMatchObject({ status: 'COMPLETED', name: 'edited', attempt: 1 });
      expectNotBeforeItsTime(end);
      expect(await readFile(race.file, 'utf8')).toBe('attempt 1\ndone\n');
    });
  });

  test('paused is either paused before it starts, or runs and the pause is answered 409', async () => {
    await race(async (race) => {
      const { id } = race.task;
      const pause = () => alice.call('POST', `/api/tasks/${id}/pause/`);
      const answer = await waitFor('the answer', async () => {
        const { status } = await pause();
        return status !== 202 && status;
      });
      if (answer === 409) return expectAsItWas(race);
      expect(answer).toBe(200);
      const paused = await alice.read(id);
      expect(paused).toMatchObject({ status: 'SCHEDULED', waiting: { reason: 'paused' }, started_at: null });
      await alice.call('POST', `/api/tasks/${id}/resume/`);
      const end = await alice.until(id, 'its end', hasEnded);
      expect(end).toMatchObject({ status: 'COMPLETED', attempt: 1 });
      expect(await readFile(race.file, 'utf8')).toBe('attempt 1\ndone\n');
    });
  });

  test('deleted is either deleted before it starts, and never runs, or runs and the deletion is answered 409', async () => {
    const deleted: (Race & { readonly mark: string })[] = [];
    await race(async (race) => {
      const { id } = race.task;
      const { status } = await alice.call('DELETE', `/api/tasks/${id}/`);
      if (status === 409) {
        await expectAsItWas(race);
        return expectNoTraceOfDeletion(race);
      }
      expect(status).toBe(204);
      const mark = await markOf(race);
      const read = async () => (await alice.call('GET', `/api/tasks/${id}/`)).status;
      await expect.poll(read).toBe(404);
      deleted.push({ ...race, mark });
    });
    // What was due before it has started by now, if it ever does.
    const { id } = await alice.create({ name: 'after them', type: 'echo', delay: 0 });
    await alice.until(id, 'its end', hasEnded);
    for (const race of deleted) {
      // A task that has completed can be deleted, one that is running cannot.
      expect(['none', 'attempt 1\ndone\n']).toContain(race.mark);
      expect(await markOf(race), 'the mark of a task that was deleted').toBe(race.mark);
    }
  });
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

test('reads of an ended task that meet its deletion are answered 200, and 404 from then on', async () => {
  const paths = ['', 'status/', 'history/'];
  // By another API process: the one that deletes a task no longer finds it.
  const reader = createCaller(service.secondUrl ?? '', alice.token);
  const deletions = Array.from({ length: commands / 6 }, async () => {
    const { id } = await alice.create({ name: 'deleted', type: 'echo', delay: 0 });
    await alice.until(id, 'its end', hasEnded);
    const read = async (path: string) => (await reader.call('GET', `/api/tasks/${id}/${path}`)).status;
    expect(await Promise.all(paths.map(read))).toEqual([200, 200, 200]);
    const readers = paths.map(async (path) => {
      const statuses: number[] = [];
      // Not by `waitFor`, whose pauses grow: a read has to meet the deletion.
      while (statuses.length < 1000 && statuses.at(-3) !== 404) {
        statuses.push(await read(path));
        await sleep(10);
      }
      return statuses;
    });
    expect((await alice.call('DELETE', `/api/tasks/${id}/`)).status).toBe(204);
    for (const statuses of await Promise.all(readers)) {
      expect(statuses.filter((status) => status !== 200)).toEqual([404, 404, 404]);
      expect(statuses.slice(-3)).toEqual([404, 404, 404]);
    }
  });
  await Promise.all(deletions);
});
