/** `/ws/tasks/`: the feed of all tasks of an account, including those that are created later. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { type Caller, createCaller, type Feed, RejectedUpgrade, untilDone } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded, hasRunningAttempt } from '../support/task.ts';

const hour = 3600;

const service = useService();
let alice: Caller;

beforeAll(async () => {
  alice = await service.asNewUser();
});

/** Returns the statuses that a feed has reported of a task, without consecutive repetitions. */
function statusesOf(feed: Feed, id: string): string[] {
  const all = feed.tasks().filter((task) => task.id === id);
  return all.map(({ status }) => status).filter((status, index, list) => status !== list[index - 1]);
}

async function ends(feed: Feed, task: Task): Promise<void> {
  await feed.until('the end of a task', () =>
    feed.tasks().some(({ id, status }) => id === task.id && hasEnded({ status })),
  );
}

describe('the feed of all tasks', () => {
  test("reports each task's changes in order, up to one end with the result, and no tasks of other users", async () => {
    const feed = await alice.watch('/ws/tasks/');
    const bob = await service.asNewUser();
    await bob.create({ name: "bob's", type: 'echo', delay: 0 });
    const tasks = await Promise.all(
      ['one', 'two', 'three'].map((name) =>
        alice.create({ name, type: 'slow', delay: 1, payload: { steps: 15, step_ms: 100 } }),
      ),
    );
    for (const task of tasks) await ends(feed, task);
    for (const { id } of tasks) {
      const reported = statusesOf(feed, id);
      expect(
        ['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED'].filter((status) => reported.includes(status)),
      ).toEqual(reported);
      expect(reported.slice(-2)).toEqual(['RUNNING', 'COMPLETED']);
      const last = feed.tasks().findLast((task) => task.id === id);
      expect(last).toMatchObject({ result: { steps: 15 }, task_type: 'slow' });
      expect(feed.tasks().filter((task) => task.id === id && task.status === 'COMPLETED')).toHaveLength(1);
    }
    expect(new Set(feed.tasks().map(({ name }) => name))).toEqual(new Set(['one', 'two', 'three']));
    // Includes progress, which does not show in the lists.
    expect(feed.tasks().some(({ progress }) => (progress?.percent ?? 0) > 0)).toBe(true);
    feed.socket.close();
  });

  test('starts with the tasks that are running when it is opened', async () => {
    const user = await service.asNewUser();
    const { id } = await user.create({
      name: 'before',
      type: 'grumpy',
      delay: 0,
      payload: { ends_by: 'return' },
    });
    await user.until(id, 'the start of the attempt', hasRunningAttempt);
    await expect
      .poll(async () => (await user.call<Task[]>('GET', '/api/tasks/?status=RUNNING')).body.length, {
        timeout: 10_000,
      })
      .toBe(1);
    const feed = await user.watch('/ws/tasks/');
    await feed.until('the running task', () => statusesOf(feed, id).includes('RUNNING'));
    await user.call('POST', `/api/tasks/${id}/cancel/`);
    await feed.until('the end of the task', () => statusesOf(feed, id).includes('CANCELLED'));
    feed.socket.close();
  });

  test('with a filter reports the tasks that match, and the change after which one no longer matches', async () => {
    const user = await service.asNewUser();
    const feed = await user.watch('/ws/tasks/?tag=wanted&status=SCHEDULED');
    const other = await user.create({ name: 'other', delay: hour, tags: ['other'] });
    const wanted = await user.create({ name: 'wanted', delay: hour, tags: ['Wanted'] });
    await feed.until('the matching task', () => statusesOf(feed, wanted.id).length > 0);
    await user.call('POST', `/api/tasks/${wanted.id}/cancel/`);
    await feed.until('the change after which it no longer matches', () =>
      statusesOf(feed, wanted.id).includes('CANCELLED'),
    );
    expect(statusesOf(feed, other.id)).toEqual([]);
    feed.socket.close();
  });

  test('reports deletions', async () => {
    const user = await service.asNewUser();
    const { id } = await user.create({ name: 'old', delay: hour });
    const feed = await user.watch('/ws/tasks/');
    await user.call('DELETE', `/api/tasks/${id}/`);
    await feed.until('the deletion', ({ messages }) =>
      messages.some((one) => one.type === 'deleted' && one.id === id),
    );
    // The task itself may have been reported before the deletion, or not at all.
    expect(feed.messages.findLast((one) => 'id' in one && one.id === id)?.type).toBe('deleted');
    feed.socket.close();
  });

  test('reports deletions through another API process within 2 s, also of tasks that sleep or have ended', async () => {
    const { secondUrl = '' } = service;
    const user = await service.asNewUser();
    const elsewhere = createCaller(secondUrl, user.token);
    const [asleep, ended] = await Promise.all([
      user.create({ name: 'asleep', delay: hour }),
      user.create({ name: 'ended', type: 'echo', delay: 0 }),
    ]);
    await user.until(ended.id, 'the end', hasEnded);
    const [all, one] = [await user.watch('/ws/tasks/'), await user.watch(`/ws/tasks/${asleep.id}/`)];
    await one.until('the snapshot', ({ messages }) => messages.length > 0);
    for (const { id } of [asleep, ended]) {
      await untilDone(() => elsewhere.call('DELETE', `/api/tasks/${id}/`));
      await all.until(
        'the deletion',
        ({ messages }) => messages.some((message) => message.type === 'deleted' && message.id === id),
        2000,
      );
    }
    await one.until('the close', ({ closed }) => closed.code === 4404, 2000);
    const deletions = all.messages.filter(({ type }) => type === 'deleted');
    expect(deletions).toHaveLength(2);
    all.socket.close();
  });

  test('opened by an admin reports the tasks of all owners, or of the one given by `owner`', async () => {
    const root = await service.as('root');
    const user = await service.asNewUser();
    const allOwners = await root.watch('/ws/tasks/');
    const first = await user.create({ name: 'n', delay: hour });
    await allOwners.until('the task', () => statusesOf(allOwners, first.id).length > 0);
    const oneOwner = await root.watch(`/ws/tasks/?owner=${first.owner}`);
    const [second, foreign] = [
      await user.create({ name: 'n', delay: hour }),
      await alice.create({ name: 'n', delay: hour }),
    ];
    await oneOwner.until('the task', () => statusesOf(oneOwner, second.id).length > 0);
    await allOwners.until('the task of the other owner', () => statusesOf(allOwners, foreign.id).length > 0);
    expect(statusesOf(oneOwner, foreign.id)).toEqual([]);
    for (const feed of [allOwners, oneOwner]) feed.socket.close();
  });

  test.each([
    ['/ws/tasks/?stauts=FAILED', 400],
    ['/ws/tasks/?status=DONE', 400],
    ['/ws/tasks/?owner=another-user', 403],
    ['/ws/task/', 404],
  ])('at %s is rejected with %i', async (path, status) => {
    await expect(alice.watch(path)).rejects.toSatisfy(
      (error) => error instanceof RejectedUpgrade && error.status === status,
    );
  });
});
