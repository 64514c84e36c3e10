/** `/ws/tasks/`: all tasks of somebody, those to come included. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { type Caller, type Feed, RefusedUpgrade } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { attemptRuns, hasEnded } from '../support/task.ts';

const hour = 3600;

const service = useService();
let alice: Caller;

beforeAll(async () => {
  alice = await service.asNewUser();
});

/** What a feed has told of a task, without repetitions. */
function statusesOf(feed: Feed, id: string): string[] {
  const all = feed.tasks().filter((task) => task.id === id);
  return all.map(({ status }) => status).filter((status, index, list) => status !== list[index - 1]);
}

async function ends(feed: Feed, task: Task): Promise<void> {
  await feed.until('the end of a task', () =>
    feed.tasks().some(({ id, status }) => id === task.id && hasEnded({ status })),
  );
}

describe('a socket for all of one’s tasks', () => {
  test('tells each change of each, to its end with the result, in order, and nothing of others', async () => {
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
      const told = statusesOf(feed, id);
      expect(
        ['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED'].filter((status) => told.includes(status)),
      ).toEqual(told);
      expect(told.slice(-2)).toEqual(['RUNNING', 'COMPLETED']);
      const last = feed.tasks().findLast((task) => task.id === id);
      expect(last).toMatchObject({ result: { steps: 15 }, task_type: 'slow' });
      expect(feed.tasks().filter((task) => task.id === id && task.status === 'COMPLETED')).toHaveLength(1);
    }
    expect(new Set(feed.tasks().map(({ name }) => name))).toEqual(new Set(['one', 'two', 'three']));
    // With progress on the way, which leaves no trace in the lists.
    expect(feed.tasks().some(({ progress }) => (progress?.percent ?? 0) > 0)).toBe(true);
    feed.socket.close();
  });

  test('knows what was under way when it was opened', async () => {
    const user = await service.asNewUser();
    const { id } = await user.create({
      name: 'before',
      type: 'grumpy',
      delay: 0,
      payload: { ends_by: 'return' },
    });
    await user.until(id, 'it to run', attemptRuns);
    await expect
      .poll(async () => (await user.call<Task[]>('GET', '/api/tasks/?status=RUNNING')).body.length, {
        timeout: 10_000,
      })
      .toBe(1);
    const feed = await user.watch('/ws/tasks/');
    await feed.until('what runs', () => statusesOf(feed, id).includes('RUNNING'));
    await user.call('POST', `/api/tasks/${id}/cancel/`);
    await feed.until('its end', () => statusesOf(feed, id).includes('CANCELLED'));
    feed.socket.close();
  });

  test('with a filter tells of those that fit, and when one does not any longer', async () => {
    const user = await service.asNewUser();
    const feed = await user.watch('/ws/tasks/?tag=wanted&status=SCHEDULED');
    const other = await user.create({ name: 'other', delay: hour, tags: ['other'] });
    const wanted = await user.create({ name: 'wanted', delay: hour, tags: ['Wanted'] });
    await feed.until('the wanted one', () => statusesOf(feed, wanted.id).length > 0);
    await user.call('POST', `/api/tasks/${wanted.id}/cancel/`);
    await feed.until('that it fits no longer', () => statusesOf(feed, wanted.id).includes('CANCELLED'));
    expect(statusesOf(feed, other.id)).toEqual([]);
    feed.socket.close();
  });

  test('tells deletions', async () => {
    const user = await service.asNewUser();
    const { id } = await user.create({ name: 'old', delay: hour });
    const feed = await user.watch('/ws/tasks/');
    await user.call('DELETE', `/api/tasks/${id}/`);
    await feed.until('the deletion', ({ messages }) =>
      messages.some((one) => one.type === 'deleted' && one.id === id),
    );
    // Whether the task itself was told before depends on which was quicker.
    expect(feed.messages.findLast((one) => 'id' in one && one.id === id)?.type).toBe('deleted');
    feed.socket.close();
  });

  test("of an admin shows every owner's, or one owner's", async () => {
    const root = await service.as('root');
    const user = await service.asNewUser();
    const everybodys = await root.watch('/ws/tasks/');
    const first = await user.create({ name: 'n', delay: hour });
    await everybodys.until('the task', () => statusesOf(everybodys, first.id).length > 0);
    const owners = await root.watch(`/ws/tasks/?owner=${first.owner}`);
    const [second, foreign] = [
      await user.create({ name: 'n', delay: hour }),
      await alice.create({ name: 'n', delay: hour }),
    ];
    await owners.until('the task', () => statusesOf(owners, second.id).length > 0);
    await everybodys.until('the other', () => statusesOf(everybodys, foreign.id).length > 0);
    expect(statusesOf(owners, foreign.id)).toEqual([]);
    for (const feed of [everybodys, owners]) feed.socket.close();
  });

  test.each([
    ['/ws/tasks/?stauts=FAILED', 400],
    ['/ws/tasks/?status=DONE', 400],
    ['/ws/tasks/?owner=somebody-else', 403],
    ['/ws/task/', 404],
  ])('%s is refused with %i', async (path, status) => {
    await expect(alice.watch(path)).rejects.toSatisfy(
      (error) => error instanceof RefusedUpgrade && error.status === status,
    );
  });
});
