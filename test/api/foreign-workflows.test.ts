/** Workflows that others have started on the same namespace, by a Temporal Schedule for example. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { searchAttributes } from '../../src/contract/names.ts';
import type { Task, TaskSummary } from '../../src/contract/task.ts';
import { type Caller, untilDone } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const service = useService();
let temporal: Client;
let owner: Caller;
let own: Task;
const started: string[] = [];

interface Foreign {
  readonly id?: string;
  readonly args?: unknown[];
  readonly memo?: Record<string, unknown>;
  readonly status?: string;
}

/** Starts a workflow with the type and the owner of a task. No worker ever takes it. */
async function start({ id = randomUUID(), args = [], memo, status = 'RUNNING' }: Foreign): Promise<string> {
  await temporal.workflow.start('task', {
    workflowId: id,
    taskQueue: 'unserved',
    args,
    ...(memo && { memo }),
    typedSearchAttributes: new TypedSearchAttributes([
      { key: searchAttributes.owner, value: own.owner },
      { key: searchAttributes.status, value: status },
    ]),
  });
  started.push(id);
  return id;
}

/** Values that none of our own records has. */
const oddMemo = {
  name: 7,
  description: { text: 'x' },
  type: null,
  tags: 'a,b',
  priority: 'high',
  retry: [],
  created_at: 'yesterday',
  retry_count: 'many',
  attempt: null,
  after: ["' OR 1=1"],
  waits_for: 'all of them',
  started_at: 1,
  next_attempt_at: 'soon',
  error_message: {},
};

const others = {
  'without an argument': {},
  'with null as its argument': { args: [null] },
  'with a text as its argument': { args: ['now'] },
  'with an empty input': { args: [{}] },
  'with an input of the wrong types': { args: [{ type: 1, owner: 'me', retry: null, tags: {}, after: 'x' }] },
  'with a memo of the wrong types': { memo: oddMemo },
  'with a status that no task has': { status: "it's odd" },
  'with predecessors whose ids are impossible': { status: 'AFTER', memo: { after: ['a b'], waits_for: [1] } },
} satisfies Record<string, Foreign>;

let readable: string[];
const unnamable = [
  `sched-${randomUUID()}-2026-11-27T07:38:50Z`,
  `it's "odd" \\ ${randomUUID()}`,
  randomUUID().toUpperCase(),
];

beforeAll(async () => {
  temporal = await connectTemporal();
  owner = await service.asNewUser();
  own = await owner.create({ name: 'own', delay: 3600 });
  readable = await Promise.all(Object.values(others).map(start));
  await Promise.all(unnamable.map((id) => start({ id })));
  // One of each kind has ended: lists look for the retries of ended tasks.
  const ended = [await start({}), await start({ id: `ended ${randomUUID()}` })];
  await Promise.all(ended.map((id) => temporal.workflow.getHandle(id).terminate('by hand')));
  await waitFor('all in the list', async () => {
    const { count } = await temporal.workflow.count(`TaskOwner = '${own.owner}'`);
    return count === started.length + 1;
  });
});

afterAll(async () => {
  const end = (id: string) =>
    temporal.workflow
      .getHandle(id)
      .terminate()
      .catch(() => undefined);
  await Promise.all(started.map(end));
  await temporal.connection.close();
});

describe('workflows of others with the attributes of a task', () => {
  test('are not listed if their id is no UUID, and do not keep tasks from being listed', async () => {
    const { status, body } = await owner.call<TaskSummary[]>('GET', '/api/tasks/?limit=100');
    expect(status).toBe(200);
    const ids = body.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([own.id, ...readable]));
    expect(ids.filter((id) => !/^[0-9a-f-]{36}$/.test(id))).toEqual([]);
  });

  test.each(['/api/tasks/counts/', '/api/overview/?range=hour', '/api/overview/?range=week'])(
    'leave GET %s readable',
    async (path) => {
      expect(await owner.call('GET', path)).toMatchObject({ status: 200 });
    },
  );

  test.each(Object.keys(others))('can be read, with their history, if they are started %s', async (kind) => {
    const id = readable[Object.keys(others).indexOf(kind)];
    for (const path of ['', 'status/', 'history/']) {
      expect(await owner.call('GET', `/api/tasks/${id}/${path}`), path).toMatchObject({ status: 200 });
    }
    const { body } = await owner.call<TaskSummary>('GET', `/api/tasks/${id}/`);
    expect(body).toMatchObject({ name: '', tags: [], created_at: expect.stringMatching(/^\d{4}-/) });
  });

  test('cannot be edited or retried if their input is not that of a task', async () => {
    const [id] = readable;
    const waiting = readable[Object.keys(others).indexOf('with predecessors whose ids are impossible')];
    const detail = 'Task was not started by Taskbell, and its input is not that of a task';
    const edit = await owner.call('PATCH', `/api/tasks/${waiting}/`, { name: 'x' });
    expect(edit).toMatchObject({ status: 409, body: { code: 'wrong_state', detail } });
    await temporal.workflow.getHandle(id ?? '').terminate();
    const retry = await owner.call('POST', `/api/tasks/${id}/retry/`);
    expect(retry).toMatchObject({ status: 409, body: { code: 'wrong_state', detail } });
  });

  test('do not keep a bulk action from reaching the other tasks', async () => {
    const request = { action: 'pause', filter: { name: 'own' } };
    const paused = await untilDone(() =>
      owner.call<{ results: { id: string; status: number }[] }>('POST', '/api/tasks/actions/', request),
    );
    expect(paused.body.results).toMatchObject([{ id: own.id }]);
    const all = await owner.call<{ matched: number }>('POST', '/api/tasks/actions/', {
      action: 'cancel',
      filter: {},
      dry_run: true,
    });
    expect(all).toMatchObject({ status: 200, body: { matched: expect.any(Number) } });
  });

  test('do not stop a feed of all tasks', async () => {
    const feed = await owner.watch('/ws/tasks/');
    await start({ id: `while watched ${randomUUID()}`, memo: oddMemo });
    const next = await owner.create({ name: 'next', delay: 3600 });
    await feed.until('the next task', () => feed.tasks().some(({ id }) => id === next.id));
    expect(feed.messages.filter(({ type }) => type === 'notice')).toEqual([]);
    feed.socket.close();
  });
});
