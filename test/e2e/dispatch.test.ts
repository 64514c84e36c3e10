import { describe, expect, onTestFinished, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { type OnlyAttempt, onlyAttempt } from '../support/only-attempt.ts';
import { startService, startTestWorker, useService } from '../support/service.ts';
import { hasEnded, isRunningNow } from '../support/task.ts';

const hour = 3600;

/** Two workers with one slot each. */
const service = useService({ workers: 2 });

/** Starts a service for the running test, with two workers of this many slots each. */
async function onLargerWorkers(slots: number): Promise<Caller> {
  const environment = { TASKBELL_WORKER_CONCURRENCY: String(slots) };
  const larger = await startService({ workers: 2, environment });
  onTestFinished(() => larger.close());
  return larger.as('alice');
}

/** Keeps slots of the workers busy until they are released. */
async function occupy(alice: Caller, slots: number): Promise<{ release(): Promise<Task[]> }> {
  const task = { name: 'occupies a slot', type: 'grumpy', delay: 0, payload: { ends_by: 'return' } };
  const created = await Promise.all(Array.from({ length: slots }, () => alice.create(task)));
  await Promise.all(created.map(({ id }) => alice.until(id, 'it to run', isRunningNow)));
  const release = () =>
    Promise.all(
      created.map(async ({ id }) => {
        await alice.call('POST', `/api/tasks/${id}/cancel/`);
        return alice.until(id, 'its end', hasEnded);
      }),
    );
  return { release };
}

/** Occupies both workers, one of them until the test is over. `release` frees the other. */
async function occupyBoth(alice: Caller): Promise<{ release(): Promise<Task[]> }> {
  const throughout = await occupy(alice, 1);
  onTestFinished(async () => void (await throughout.release()));
  return occupy(alice, 1);
}

function endOfAll(alice: Caller, tasks: readonly Task[]): Promise<Task[]> {
  return Promise.all(tasks.map(({ id }) => alice.until(id, 'its end', hasEnded)));
}

/** Waits until the attempt of a task with this version is in the queue of the workers. */
function queued(alice: Caller, id: string, version: number): Promise<Task> {
  return alice.until(id, 'it to queue', (task) => task.status === 'PENDING' && task.version === version);
}

describe('no worker holds a due task that another could run:', () => {
  test.each([1, 2])(
    'if all slots but one are busy, of two workers with %i slots each, all tasks run in the free slot',
    async (slots) => {
      const alice = slots === 1 ? await service.as('alice') : await onLargerWorkers(slots);
      const busy = await occupy(alice, 2 * slots - 1);
      const short = { name: 'short', type: 'slow', delay: 0, payload: { steps: 1, step_ms: 20 } };
      const created = await Promise.all(Array.from({ length: 12 }, () => alice.create(short)));
      // A task held by a worker without a free slot would not end before the release.
      const tasks = (await endOfAll(alice, created)).map(onlyAttempt);
      const occupied = (await busy.release()).map(onlyAttempt);
      const inOrder = tasks.toSorted((a, b) => a.startedAt - b.startedAt);
      for (const [index, task] of inOrder.slice(1).entries()) {
        expect(task.startedAt).toBeGreaterThanOrEqual(inOrder[index]?.finishedAt ?? Number.NaN);
      }
      const [free, ...others] = workersOf(tasks);
      expect(others).toEqual([]);
      expect(occupied.filter(({ worker }) => worker === free)).toHaveLength(slots - 1);
      expect(workersOf([...tasks, ...occupied])).toHaveLength(2);
    },
  );

  test('if tasks are of unequal length, the worker that is free runs them all, and none waits behind the longest', async () => {
    const alice = await service.as('alice');
    const create = (step_ms: number) =>
      alice.create({ name: 'unequal', type: 'slow', delay: 0, payload: { steps: 1, step_ms } });
    const long = await occupy(alice, 1);
    const lengths = Array.from({ length: 14 }, (_, index) => 20 + 12 * index);
    const short = await Promise.all(lengths.map(create));
    // A task held by the busy worker would not end before the release.
    const tasks = (await endOfAll(alice, short)).map(onlyAttempt);
    const [longest] = (await long.release()).map(onlyAttempt);
    const [free, ...others] = workersOf(tasks);
    expect(others).toEqual([]);
    expect(longest?.worker).not.toBe(free);
  });
});

describe('an owner whose tasks hold every slot of every worker for long', () => {
  test('does not keep the tasks of others from starting, nor do its own start beyond the slots', async () => {
    const [dave, bob] = await Promise.all([service.as('alice'), service.as('bob')]);
    const long = await occupy(dave, 2);
    const task = { name: 'waits for a slot', type: 'echo', delay: 0 };
    const waiting = await Promise.all([dave.create(task), dave.create(task), dave.create(task)]);
    const feed = await dave.watch(`/ws/tasks/${waiting[0]?.id}/`);
    const others = await endOfAll(bob, [await bob.create(task), await bob.create(task)]);
    expect(others).toMatchObject([{ status: 'COMPLETED' }, { status: 'COMPLETED' }]);
    expect(feed.tasks().map(({ status }) => status)).not.toContain('RUNNING');
    feed.socket.close();
    for (const { id } of waiting)
      expect(await dave.read(id)).toMatchObject({ status: 'PENDING', attempts: [] });
    await long.release();
    // Those that a worker has refused meanwhile have had no attempt by it.
    for (const end of await endOfAll(dave, waiting))
      expect(end).toMatchObject({ status: 'COMPLETED', attempt: 1, attempts: [{ outcome: 'completed' }] });
  });
});

test('a worker leaves tasks of a type that it does not know to another one, as during a rolling release', async () => {
  // It would otherwise take a third of them, and fail them.
  await startTestWorker(service, { TASKBELL_TASK_MODULES: '' });
  const alice = await service.as('alice');
  const task = { name: 'known to two workers', type: 'echo', delay: 0 };
  const created = await Promise.all(Array.from({ length: 9 }, () => alice.create(task)));
  for (const end of await endOfAll(alice, created))
    expect(end).toMatchObject({ status: 'COMPLETED', attempt: 1, attempts: [{ outcome: 'completed' }] });
});

describe('priority', () => {
  /** Waits until the task's attempt is in the queue of the workers. */
  test('orders the due tasks that wait for a worker, regardless of the order of their creation', async () => {
    const alice = await service.as('alice');
    const busy = await occupyBoth(alice);
    const created: Task[] = [];
    for (const priority of [5, 3, 1, 4, 2, 5, 3, 1, 4, 2]) {
      created.push(await alice.create({ name: `priority ${priority}`, type: 'echo', delay: 0, priority }));
    }
    await Promise.all(created.map(({ id, version }) => queued(alice, id, version + 1)));
    await busy.release();
    const tasks = byStart(await endOfAll(alice, created));
    expect(tasks.map(({ priority }) => priority)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
  });

  test('takes effect when edited, even if the task already waits for a worker', async () => {
    const alice = await service.as('alice');
    const busy = await occupyBoth(alice);
    const create = (name: string, priority: number, delay: number) =>
      alice.create({ name, type: 'echo', delay, priority });
    const lowered = await create('lowered while it waits', 1, 0);
    const untouched = await create('untouched', 3, 0);
    const raised = await create('raised while it waits', 5, 0);
    const before = await create('raised before its time', 5, hour);
    await Promise.all([lowered, untouched, raised].map(({ id, version }) => queued(alice, id, version + 1)));
    const edit = async ({ id }: Task, priority: number) =>
      expect(await alice.call('PATCH', `/api/tasks/${id}/`, { priority })).toMatchObject({ status: 200 });
    await edit(lowered, 4);
    await edit(raised, 1);
    await edit(before, 2);
    await alice.call('POST', `/api/tasks/${before.id}/run-now/`);
    // Each was written three times: due, edited and due again; or edited, run early and due.
    await Promise.all([lowered, raised, before].map(({ id, version }) => queued(alice, id, version + 3)));
    await busy.release();
    const tasks = byStart(await endOfAll(alice, [lowered, untouched, raised, before]));
    expect(tasks.map(({ name }) => name)).toEqual(
      [raised, before, untouched, lowered].map(({ name }) => name),
    );
  });
});

test('a task that is cancelled while it waits for a worker ends without an attempt', async () => {
  const alice = await service.as('alice');
  const busy = await occupyBoth(alice);
  const { id, version } = await alice.create({ name: 'never runs', type: 'echo', delay: 0 });
  await queued(alice, id, version + 1);
  await alice.call('POST', `/api/tasks/${id}/cancel/`);
  const end = await alice.until(id, 'its end', hasEnded);
  expect(end).toMatchObject({ status: 'CANCELLED', attempts: [], attempt: 0, started_at: null });
  const { body } = await alice.call<{ type: string }[]>('GET', `/api/tasks/${id}/history/`);
  expect(body.map(({ type }) => type)).not.toContain('attempt');
  await busy.release();
});

function workersOf(tasks: readonly OnlyAttempt[]): string[] {
  return [...new Set(tasks.map(({ worker }) => worker))];
}

function byStart(tasks: readonly Task[]): Task[] {
  return tasks.toSorted((a, b) => onlyAttempt(a).startedAt - onlyAttempt(b).startedAt);
}
