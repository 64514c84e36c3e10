import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { endedStatuses, type TaskStatus, taskStatuses } from '../../src/contract/status.ts';
import type { Task, TaskCounts } from '../../src/contract/task.ts';
import { type Narrowest, pendingMatching, runsMatching } from '../../src/tasks/search.ts';
import type { Caller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { allPages, nextPage, queryString } from '../support/pages.ts';
import { startService, useService } from '../support/service.ts';
import { hasRunningAttempt } from '../support/task.ts';
import { connectTemporal } from '../support/temporal-client.ts';

type Parameters = Record<string, string | readonly string[]>;

const ended = ({ status }: Task): boolean => endedStatuses.has(status);

const narrownesses: readonly Narrowest[] = ['owner', 'state', 'open', 'groups'];

const service = useService({ environment: { TASKBELL_WORKER_CONCURRENCY: '1' } });
let owner: Caller;
/** The tasks by their names. */
const tasks = new Map<string, Task>();

beforeAll(async () => {
  owner = await service.asNewUser();
  await make('completed', { type: 'echo', delay: 0, tags: ['even', 'Mixed.Case'] }, ended);
  await make('failed', { type: 'hopeless', delay: 0, tags: ['odd'] }, ended);
  await make('cancelled', { delay: 3600, tags: ['even', 'odd'] });
  await owner.call('POST', `/api/tasks/${idOf('cancelled')}/cancel/`);
  await make('retried', { type: 'flaky', payload: { failures: 0 }, delay: 0, tags: ['even'] }, ended);
  await owner.call('POST', `/api/tasks/${idOf('retried')}/retry/`);
  await owner.until(
    idOf('retried'),
    'the end of its second run',
    (task) => task.retry_count === 1 && ended(task),
  );
  await make('running', { type: 'grumpy', payload: { ends_by: 'return' }, delay: 0 }, isRunning);
  await make('pending', { type: 'echo', delay: 0 }, ({ status }) => status === 'PENDING');
  await make('scheduled', { delay: 3600, tags: ['even'] });
  await make('Paused', { scheduled_time: '2030-01-31T09:30:00Z' });
  await owner.call('POST', `/api/tasks/${idOf('Paused')}/pause/`);
  await waitFor(
    'the list to show the running task',
    async () => (await names({ status: 'RUNNING' }))[0] === 'running',
  );
}, 120_000);

function isRunning({ status, attempts }: Task): boolean {
  return status === 'RUNNING' && attempts.at(-1)?.outcome === 'running';
}

async function make(
  name: string,
  task: Record<string, unknown>,
  until: (task: Task) => boolean = () => true,
): Promise<void> {
  const { id } = await owner.create({ name, ...task });
  tasks.set(name, await owner.until(id, `the expected state of ${name}`, until));
}

function idOf(name: string): string {
  return tasks.get(name)?.id ?? '';
}

async function names(parameters: Parameters, caller = owner): Promise<string[]> {
  const rows = await allPages(caller, queryString({ limit: '100', ...parameters }));
  return rows.flat().map(({ name }) => name);
}

async function counts(parameters: Parameters = {}, caller = owner): Promise<TaskCounts> {
  const path = `/api/tasks/counts/?${queryString(parameters)}`;
  const { status, body } = await caller.call<TaskCounts>('GET', path);
  expect(status).toBe(200);
  return body;
}

const byStatus: Record<TaskStatus, string[]> = {
  SCHEDULED: ['Paused', 'scheduled'],
  PENDING: ['pending'],
  RUNNING: ['running'],
  COMPLETED: ['retried', 'completed'],
  FAILED: ['failed'],
  CANCELLED: ['cancelled'],
};

describe('a list', () => {
  test.each(Object.entries(byStatus))(
    'filtered by status %s has exactly the tasks with that status',
    async (status, expected) => {
      await expect.poll(() => names({ status }), { timeout: 10_000 }).toEqual(expected);
    },
  );

  test('accepts several statuses, repeated or separated by commas, and keeps its order', async () => {
    const expected = ['Paused', 'scheduled', 'pending', 'cancelled', 'failed'];
    const statuses = ['FAILED', 'SCHEDULED', 'CANCELLED', 'PENDING'];
    expect(await names({ status: statuses })).toEqual(expected);
    expect(await names({ status: statuses.join(',') })).toEqual(expected);
  });

  test.each<[Parameters, string[]]>([
    [{ tag: 'odd' }, ['cancelled', 'failed']],
    [{ tag: ['odd', 'even'] }, ['cancelled']],
    [{ tag: 'odd,even' }, ['cancelled']],
    [{ tag: 'MIXED.case' }, ['completed']],
    [{ tag: 'mixed' }, []],
    [{ tag: 'no-such-tag' }, []],
    [{ type: 'echo' }, ['pending', 'completed']],
    [{ type: 'no-such-type' }, []],
    [{ name: 'p' }, ['Paused', 'pending']],
    [{ name: 'PAUSED' }, ['Paused']],
    [{ name: 'aused' }, []],
    [{ name: 'pa%' }, []],
    [{ name: 'pa_sed' }, []],
    [{ scheduled_after: '2029-12-31T23:00:00-01:00' }, ['Paused']],
    [{ scheduled_after: '2030-01-31T09:30:00Z' }, ['Paused']],
    [{ scheduled_after: '2030-01-31T09:30:00.001Z' }, []],
    [{ scheduled_before: '2030-01-31T09:30:00Z', status: 'SCHEDULED' }, ['scheduled']],
    [{ scheduled_before: '2030-01-31T09:30:00.001Z', status: 'SCHEDULED' }, ['Paused', 'scheduled']],
    [{ created_before: '2020-01-01T00:00:00Z' }, []],
    [{ tag: 'even', status: ['COMPLETED', 'SCHEDULED'], name: 'c' }, ['completed']],
  ])('filtered by %j has exactly %j', async (parameters, expected) => {
    expect(await names(parameters)).toEqual(expected);
  });

  test('is split into two by created_after and created_before with the same time', async () => {
    const at = tasks.get('running')?.created_at ?? '';
    expect(await names({ created_after: at })).toEqual(['Paused', 'scheduled', 'pending', 'running']);
    expect(await names({ created_before: at })).toEqual(['retried', 'cancelled', 'failed', 'completed']);
  });

  test('shows tags as they were written', async () => {
    const [row] = (await allPages(owner, 'tag=mixed.case')).flat();
    expect(row?.tags).toEqual(['even', 'Mixed.Case']);
  });

  test('keeps its filters from page to page, and rejects the cursor of a list with other filters', async () => {
    const query = queryString({ tag: 'even', limit: '1' });
    expect((await allPages(owner, query)).flat().map(({ name }) => name)).toEqual([
      'scheduled',
      'retried',
      'cancelled',
      'completed',
    ]);
    const { headers } = await owner.call('GET', `/api/tasks/?${query}`);
    const cursor = new URL(nextPage(headers) ?? '', service.url).searchParams.get('cursor') ?? '';
    for (const other of [{}, { tag: 'odd' }, { tag: ['even', 'odd'] }, { tag: 'even', type: 'echo' }]) {
      const path = `/api/tasks/?${queryString({ ...other, limit: '1', cursor })}`;
      expect(await owner.call('GET', path)).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '?cursor' }] },
      });
    }
  });
});

describe('counts', () => {
  test('are the lengths of the lists by status', async () => {
    const expected = Object.fromEntries(
      Object.entries(byStatus).map(([status, { length }]) => [status, length]),
    );
    await expect.poll(() => counts(), { timeout: 10_000 }).toEqual({ counts: expected, total: 8 });
  });

  test.each<Parameters>([
    { tag: 'even' },
    { tag: ['even', 'odd'] },
    { type: 'echo' },
    { name: 'p' },
    { name: 'retried' },
    { scheduled_after: '2030-01-01T00:00:00Z' },
    { created_before: '2020-01-01T00:00:00Z' },
    { status: ['COMPLETED', 'PENDING'] },
    { status: 'FAILED', tag: 'even' },
  ])('filtered by %j are those of the list with the same filter', async (parameters) => {
    const rows = (await allPages(owner, queryString(parameters))).flat();
    const found = await counts(parameters);
    expect(found.total).toBe(rows.length);
    for (const [status, count] of Object.entries(found.counts)) {
      expect(count).toBe(rows.filter((row) => row.status === status).length);
    }
  });

  test('are 0 for a user without tasks', async () => {
    const nothing = { SCHEDULED: 0, PENDING: 0, RUNNING: 0, COMPLETED: 0, FAILED: 0, CANCELLED: 0 };
    expect(await counts({}, await service.asNewUser())).toEqual({ counts: nothing, total: 0 });
  });
});

test('however the query of a status is written, it matches the same runs', async () => {
  const { connection, workflow } = await connectTemporal();
  const filter = { owner: tasks.get('scheduled')?.owner ?? '' };
  const count = async (query: string): Promise<number> => (await workflow.count(query)).count;
  for (const status of taskStatuses) {
    const matching = (narrowest: Narrowest): Promise<number> =>
      count(runsMatching({ ...filter, status: [status] }, Date.now(), narrowest));
    // The run that a retry replaced is one more.
    const expected = byStatus[status].length + (status === 'COMPLETED' ? 1 : 0);
    expect(await Promise.all(narrownesses.map(matching)), status).toEqual(narrownesses.map(() => expected));
  }
  for (const narrowest of narrownesses) {
    const [recorded = '', due = ''] = pendingMatching(filter, Date.now(), narrowest);
    expect((await count(recorded)) + (await count(due))).toBe(byStatus.PENDING.length);
  }
  await connection.close();
});

describe('the filter owner', () => {
  test('lets an admin see the tasks of one user; without it, they see those of all', async () => {
    const root = await service.as('root');
    const alice = await service.as('alice');
    const { id, owner: aliceId } = await alice.create({ name: 'of alice', delay: 3600 });
    await expect.poll(() => names({ owner: aliceId, name: 'of alice' }, root)).toEqual(['of alice']);
    expect(await names({ name: 'Paused' }, root)).toContain('Paused');
    expect(await names({ name: 'Paused', owner: aliceId }, root)).toEqual([]);
    expect((await counts({ owner: aliceId, name: 'of alice' }, root)).counts.SCHEDULED).toBe(1);
    await alice.call('DELETE', `/api/tasks/${id}/`);
  });

  test("accepts only the caller's own id from a user; another owner is 403", async () => {
    const own = tasks.get('scheduled')?.owner ?? '';
    expect(await names({ owner: own, status: 'SCHEDULED' })).toEqual(['Paused', 'scheduled']);
    const rejected = { status: 403, body: { code: 'forbidden' } };
    expect(await owner.call('GET', '/api/tasks/?owner=another')).toMatchObject(rejected);
    expect(await owner.call('GET', '/api/tasks/counts/?owner=another')).toMatchObject(rejected);
  });
});

describe('an invalid filter is rejected with a pointer to the parameter:', () => {
  test.each([
    ['status=DONE', '?status/0'],
    ['status=', '?status/0'],
    ['tag=a%20b', '?tag/0'],
    ["tag='", '?tag/0'],
    ['type=Process%20Data', '?type'],
    ['name=', '?name'],
    ['scheduled_after=tomorrow', '?scheduled_after'],
    ['scheduled_before=2030-02-30T00:00:00Z', '?scheduled_before'],
    ['created_after=2030-01-01T00:00:00', '?created_after'],
    ["owner='%20OR%20'1'='1", '?owner'],
    ['stauts=FAILED', '?stauts'],
    ['name=a&name=b', '?name'],
  ])('%s', async (query, pointer) => {
    for (const path of ['/api/tasks/', '/api/tasks/counts/']) {
      const answer = await owner.call('GET', `${path}?${query}`);
      expect(answer).toMatchObject({ status: 400, body: { code: 'validation', errors: [{ pointer }] } });
    }
  });
});

test('counts are exact for retried tasks, even if only an earlier or only the latest run matches the filter', async () => {
  const environment = { TASKBELL_WORKER_CONCURRENCY: '1' };
  const other = await startService({ environment });
  onTestFinished(() => other.close());
  const fresh = await other.asNewUser();
  const task = { type: 'hopeless', tags: ['before'] };
  const created = await Promise.all(
    ['old one', 'old two', 'old three'].map((name) => fresh.create({ name, ...task, delay: 0 })),
  );
  await Promise.all(created.map(({ id }) => fresh.until(id, 'its end', ended)));
  const [one, two] = created;
  // Occupies the only slot, so that the second runs wait and can be edited: their tags then differ from those
  // of the first runs.
  const hold = await fresh.create({
    name: 'holds',
    type: 'grumpy',
    delay: 0,
    payload: { ends_by: 'return' },
  });
  await fresh.until(hold.id, 'its attempt', hasRunningAttempt);
  for (const id of [one?.id, two?.id]) await fresh.call('POST', `/api/tasks/${id}/retry/`);
  for (const id of [one?.id, two?.id]) {
    const edit = await fresh.call('PATCH', `/api/tasks/${id}/`, {
      name: 'new',
      tags: ['after'],
      delay: 3600,
    });
    expect(edit.status).toBe(200);
  }
  await fresh.call('POST', `/api/tasks/${two?.id}/cancel/`);
  const check = async (parameters: Parameters, expected: Partial<TaskCounts['counts']>): Promise<void> => {
    const seen = async () => (await counts(parameters, fresh)).counts;
    await expect.poll(seen, { timeout: 10_000 }).toMatchObject(expected);
    const rows = (await allPages(fresh, queryString(parameters))).flat();
    expect(rows).toHaveLength((await counts(parameters, fresh)).total);
  };
  await check({}, { SCHEDULED: 1, CANCELLED: 1, FAILED: 1, COMPLETED: 0 });
  await check({ tag: 'before' }, { SCHEDULED: 0, CANCELLED: 0, FAILED: 1 });
  await check({ tag: 'after' }, { SCHEDULED: 1, CANCELLED: 1, FAILED: 0 });
  await check({ name: 'old' }, { SCHEDULED: 0, CANCELLED: 0, FAILED: 1 });
  await check({ scheduled_after: new Date(Date.now() + 60_000).toISOString() }, { SCHEDULED: 1, FAILED: 0 });
  await fresh.call('POST', `/api/tasks/${hold.id}/cancel/`);
});
