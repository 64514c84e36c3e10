import { beforeAll, describe, expect, test } from 'vitest';
import type { Task, TaskSummary } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { allPages, nextPage } from '../support/pages.ts';
import { useService } from '../support/service.ts';

const service = useService();

const newUser = (): Promise<Caller> => service.asNewUser();
const pages = (caller: Caller, limit: number): Promise<TaskSummary[][]> => allPages(caller, `limit=${limit}`);

describe('a list', () => {
  const unfinished: string[] = [];
  const ended: string[] = [];
  let owner: Caller;

  beforeAll(async () => {
    owner = await newUser();
    for (let index = 0; index < 20; index += 1) {
      const { id } = await owner.create({ name: `open ${index}`, delay: 3600, description: 'd'.repeat(300) });
      unfinished.unshift(id);
    }
    // One after the other, so that the order of their ends is known.
    for (let index = 0; index < 5; index += 1) {
      const { id } = await owner.create({ name: `done ${index}`, type: 'echo', delay: 0, payload: { a: 1 } });
      await owner.until(id, 'its end', ({ status }) => status === 'COMPLETED');
      ended.unshift(id);
    }
    await waitFor('the list to show all tasks, five of them completed', async () => {
      const rows = (await pages(owner, 100)).flat();
      return rows.length === 25 && rows.filter(({ status }) => status === 'COMPLETED').length === 5;
    });
  });

  test.each([1, 7, 10, 25, 100])(
    'in pages of %i has every task once, unfinished ones before ended ones, each newest first',
    async (limit) => {
      const found = await pages(owner, limit);
      expect(found.flat().map(({ id }) => id)).toEqual([...unfinished, ...ended]);
      for (const page of found.slice(0, -1)) expect(page).toHaveLength(limit);
      // At most one more page, which shows that there are no more tasks.
      expect(found.length).toBeLessThanOrEqual(Math.floor(25 / limit) + 1);
    },
  );

  test('keeps its place when tasks are created between two pages', async () => {
    const reader = await newUser();
    for (let index = 0; index < 6; index += 1) await reader.create({ name: `n ${index}`, delay: 3600 });
    await waitFor('the list to show all tasks', async () => (await pages(reader, 100)).flat().length === 6);
    const first = await reader.call<TaskSummary[]>('GET', '/api/tasks/?limit=3');
    const { id: late } = await reader.create({ name: 'late', delay: 3600 });
    await waitFor('the list to show the new task', async () =>
      (await pages(reader, 100)).flat().some(({ id }) => id === late),
    );
    const second = await reader.call<TaskSummary[]>('GET', nextPage(first.headers) ?? '');
    const ids = [...first.body, ...second.body].map(({ id }) => id);
    expect(new Set(ids).size).toBe(6);
    expect(ids).not.toContain(late);
  });

  test('has no payloads, attempts or results, and only the first 200 characters of descriptions', async () => {
    for (const row of (await pages(owner, 100)).flat()) {
      expect(row).not.toHaveProperty('payload');
      expect(row).not.toHaveProperty('attempts');
      expect(row.result).toBeNull();
      expect(row.description.length).toBe(row.status === 'SCHEDULED' ? 200 : 0);
    }
  });

  test('has the same values for each task as the task itself', async () => {
    for (const row of (await pages(owner, 100)).flat()) {
      const { payload: _payload, attempts: _attempts, ...task } = await owner.read(row.id);
      // By design, lists don't read values that only the history has.
      const { result, description, started_at } = row;
      expect(row).toEqual({ ...task, result, description, started_at });
    }
  });

  test('has 50 tasks by default, and a link to the next ones', async () => {
    const busy = await newUser();
    await Promise.all(Array.from({ length: 52 }, () => busy.create({ name: 'n', delay: 3600 })));
    await waitFor('the list to show all tasks', async () => (await pages(busy, 100)).flat().length === 52);
    const { body, headers } = await busy.call<TaskSummary[]>('GET', '/api/tasks/');
    expect(body).toHaveLength(50);
    expect((await busy.call<TaskSummary[]>('GET', nextPage(headers) ?? '')).body).toHaveLength(2);
  });

  test('of a user without tasks is empty, and has no next page', async () => {
    const answer = await (await newUser()).call('GET', '/api/tasks/');
    expect(answer).toMatchObject({ status: 200, body: [] });
    expect(answer.headers.get('Link')).toBeNull();
  });

  test.each(['0', '-1', '101', '1.5', 'abc', '', '1e9', 'NaN', '10&limit=20'])(
    'rejects limit=%s',
    async (limit) => {
      const answer = await owner.call('GET', `/api/tasks/?limit=${limit}`);
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'validation', errors: [{ pointer: '?limit' }] },
      });
    },
  );

  describe('rejects a cursor', () => {
    const open = (caller: Caller, cursor: string) =>
      caller.call('GET', `/api/tasks/?limit=10&cursor=${cursor}`);
    const rejection = { status: 400, body: { code: 'validation', errors: [{ pointer: '?cursor' }] } };
    const cursorOf = async (caller: Caller): Promise<string> => {
      const { headers } = await caller.call('GET', '/api/tasks/?limit=10');
      return new URL(nextPage(headers) ?? '', service.url).searchParams.get('cursor') ?? '';
    };

    test('that is malformed or too long', async () => {
      for (const cursor of ['x', '', 'AAAA', '%00', '🦊', 'A'.repeat(2000), 'A'.repeat(5000)])
        expect(await open(owner, cursor)).toMatchObject(rejection);
    });

    test('with any character changed', async () => {
      const cursor = await cursorOf(owner);
      expect(cursor.length).toBeGreaterThan(30);
      for (let at = 0; at < cursor.length; at += Math.ceil(cursor.length / 25)) {
        const other = cursor[at] === 'A' ? 'B' : 'A';
        expect(await open(owner, cursor.slice(0, at) + other + cursor.slice(at + 1))).toMatchObject(
          rejection,
        );
      }
      expect(await open(owner, cursor.slice(0, -4))).toMatchObject(rejection);
      expect(await open(owner, `${cursor}AAAA`)).toMatchObject(rejection);
    });

    test("of another user's list, including an admin's", async () => {
      expect(await open(await newUser(), await cursorOf(owner))).toMatchObject(rejection);
      const root = await service.as('root');
      expect(await open(root, await cursorOf(owner))).toMatchObject(rejection);
      expect(await open(owner, await cursorOf(root))).toMatchObject(rejection);
    });
  });
});

test('a retried task is in the list once, as its latest run, whether open or ended; earlier runs never show', async () => {
  const owner = await newUser();
  const { id: open } = await owner.create({ name: 'cancelled, then retried', delay: 3600 });
  const { id: done } = await owner.create({ name: 'done three times', delay: 0 });
  await owner.call('POST', `/api/tasks/${open}/cancel/`);
  await owner.call('POST', `/api/tasks/${open}/retry/`);
  for (let runs = 1; runs <= 3; runs += 1) {
    const isLastRunDone = ({ status, retry_count }: Task) =>
      status === 'COMPLETED' && retry_count === runs - 1;
    await owner.until(done, `the end of run ${runs}`, isLastRunDone);
    const key = { 'Idempotency-Key': `run ${runs}` };
    if (runs < 3) await owner.call('POST', `/api/tasks/${done}/retry/`, undefined, key);
  }
  const [newestOpen, newestDone] = await Promise.all([owner.read(open), owner.read(done)]);
  const rows = await waitFor('the list to show the latest runs', async () => {
    const rows = (await pages(owner, 100)).flat();
    return (
      rows.some(
        ({ id, version, status }) => id === done && version === newestDone.version && status === 'COMPLETED',
      ) && rows
    );
  });
  expect(rows.map(({ id, status, version }) => ({ id, status, version }))).toEqual([
    { id: open, status: 'SCHEDULED', version: newestOpen.version },
    { id: done, status: 'COMPLETED', version: newestDone.version },
  ]);
  // Earlier runs can fill whole pages, which are then empty; none of them shows.
  expect((await pages(owner, 1)).flat().map(({ id }) => id)).toEqual([open, done]);
});

test('a deleted task leaves the list', async () => {
  const owner = await newUser();
  const { id } = await owner.create({ name: 'n', delay: 3600 });
  await waitFor('the list to show the new task', async () => (await pages(owner, 10)).flat().length === 1);
  await owner.call('DELETE', `/api/tasks/${id}/`);
  await expect.poll(async () => (await pages(owner, 10)).flat(), { timeout: 10_000 }).toEqual([]);
});
