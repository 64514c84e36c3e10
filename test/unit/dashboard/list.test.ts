import { signal } from '@preact/signals';
import { describe, expect, test, vi } from 'vitest';
import type { TaskEvent, TaskFilter, TaskSummary } from '../../../src/client/index.ts';
import { createTaskList } from '../../../src/dashboard/tasks/list.ts';
import { aTask } from '../../support/task.ts';

const now = Date.parse('2030-01-01T00:00:00.000Z');
const later = '2030-01-01T00:01:00.000Z';

function withResolvers() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** A service of which only the list and the feed are there. */
function aService(stored: TaskSummary[]) {
  const listeners = new Set<(event: TaskEvent) => void>();
  let fault: Error | undefined;
  let calls = 0;
  let held: Promise<void> | undefined;
  return {
    stored,
    calls: () => calls,
    failOnce(error: Error) {
      fault = error;
    },
    tell(event: TaskEvent) {
      for (const listener of listeners) listener(event);
    },
    /** What has been read is on its way until it is released. */
    hold() {
      const { promise, resolve } = withResolvers();
      held = promise;
      return resolve;
    },
    async *list(_filter: TaskFilter = {}): AsyncGenerator<TaskSummary, void> {
      calls += 1;
      const error = fault;
      fault = undefined;
      if (error) throw error;
      const read = stored.slice();
      await held;
      yield* read;
    },
    listen(listener: (event: TaskEvent) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

async function openList(service: ReturnType<typeof aService>, filter: TaskFilter = {}) {
  const clock = { now: signal(now) };
  const list = createTaskList({ tasks: service, live: service, clock, filter });
  await vi.waitFor(() => expect(list.isLoading.value).toBe(false));
  return list;
}

const tasks = (count: number): TaskSummary[] =>
  Array.from({ length: count }, (_, index) => aTask({ id: `t${index}` }));

describe('a list', () => {
  test('comes in pages, one at a time, and knows its end', async () => {
    const list = await openList(aService(tasks(150)));
    expect([list.ids.value.length, list.isComplete.value]).toEqual([100, false]);
    list.more();
    list.more();
    await vi.waitFor(() => expect(list.isComplete.value).toBe(true));
    expect(list.ids.value).toHaveLength(150);
    expect(new Set(list.ids.value).size).toBe(150);
  });

  test('has a task once, though two pages had it', async () => {
    const list = await openList(aService([...tasks(3), aTask({ id: 't0' })]));
    expect(list.ids.value).toEqual(['t0', 't1', 't2']);
  });

  test('shows what the feed tells, but nothing older than what it shows', async () => {
    const service = aService([aTask({ id: 't', version: 3, status: 'RUNNING' })]);
    const list = await openList(service);
    service.tell({ type: 'task', task: aTask({ id: 't', version: 2, status: 'PENDING' }) });
    expect(list.row('t')?.task.value.status).toBe('RUNNING');
    service.tell({ type: 'task', task: aTask({ id: 't', version: 4, status: 'COMPLETED' }) });
    expect(list.row('t')?.task.value.status).toBe('COMPLETED');
  });

  test('leaves what no longer fits in its place, until it is loaded anew', async () => {
    const service = aService([aTask({ id: 'a' }), aTask({ id: 'b' })]);
    const list = await openList(service, { status: ['SCHEDULED'] });
    service.tell({ type: 'task', task: aTask({ id: 'a', version: 2, status: 'RUNNING' }) });
    service.tell({ type: 'deleted', id: 'b' });
    expect(list.ids.value).toEqual(['a', 'b']);
    expect(['a', 'b'].map((id) => list.row(id)?.state.value)).toEqual(['gone', 'deleted']);
    expect(list.changes.value).toEqual({ added: 0, gone: 2 });
    service.tell({ type: 'task', task: aTask({ id: 'a', version: 3 }) });
    expect(list.changes.value).toEqual({ added: 0, gone: 1 });
    service.tell({ type: 'task', task: aTask({ id: 'a', version: 4, status: 'RUNNING' }) });
    service.stored.length = 0;
    list.reload();
    await vi.waitFor(() => expect(list.ids.value).toEqual([]));
    expect(list.changes.value).toEqual({ added: 0, gone: 0 });
  });

  test('counts what has come to fit, and nothing that stands on a page to come', async () => {
    const service = aService(tasks(150));
    const list = await openList(service, { type: 'echo' });
    service.tell({ type: 'task', task: aTask({ id: 'new', created_at: later }) });
    service.tell({ type: 'task', task: aTask({ id: 'other', created_at: later, type: 'slow' }) });
    service.tell({ type: 'task', task: aTask({ id: 't120', version: 2, updated_at: later }) });
    expect(list.changes.value.added).toBe(1);
    service.tell({ type: 'deleted', id: 'new' });
    expect(list.changes.value.added).toBe(0);
  });

  test('tells of a failure, keeps what it has, and loads anew when it is asked to', async () => {
    const service = aService(tasks(2));
    const list = await openList(service);
    service.failOnce(new Error('no'));
    list.reload();
    await vi.waitFor(() => expect(list.failure.value).toEqual(new Error('no')));
    expect(list.ids.value).toEqual(['t0', 't1']);
    list.more();
    expect(service.calls()).toBe(2);
    list.again();
    await vi.waitFor(() => expect(list.failure.value).toBeUndefined());
    expect(list.ids.value).toEqual(['t0', 't1']);
    service.failOnce(new Error('no'));
    list.reload();
    await vi.waitFor(() => expect(list.failure.value).toEqual(new Error('no')));
    list.reload();
    await vi.waitFor(() => expect(list.failure.value).toBeUndefined());
    expect(list.ids.value).toEqual(['t0', 't1']);
  });

  test('shows what the feed has told while it was loaded, though the page was read before', async () => {
    const service = aService([aTask({ id: 'a' }), aTask({ id: 'b' }), aTask({ id: 'c', version: 2 })]);
    const list = await openList(service);
    const release = service.hold();
    list.reload();
    service.tell({ type: 'task', task: aTask({ id: 'a', version: 5, status: 'COMPLETED' }) });
    service.tell({ type: 'deleted', id: 'b' });
    service.tell({ type: 'task', task: aTask({ id: 'c', version: 1, status: 'PENDING' }) });
    release();
    await vi.waitFor(() => expect(list.isLoading.value).toBe(false));
    expect(list.ids.value).toEqual(['a', 'c']);
    expect(list.row('a')?.task.value.status).toBe('COMPLETED');
    expect(list.row('c')?.task.value.status).toBe('SCHEDULED');
  });

  test('goes on behind what it has, after a page that failed', async () => {
    const service = aService(tasks(250));
    const list = await openList(service);
    list.more();
    await vi.waitFor(() => expect(list.ids.value).toHaveLength(200));
    service.failOnce(new Error('no'));
    // As if the third page had failed: the whole list is asked for again.
    list.again();
    await vi.waitFor(() => expect(list.failure.value).toEqual(new Error('no')));
    list.again();
    await vi.waitFor(() => expect(list.isComplete.value).toBe(true));
    expect(list.ids.value).toHaveLength(250);
    expect(new Set(list.ids.value).size).toBe(250);
  });
});
