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

/** Creates a service that has only the list and the feed. */
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
    publish(event: TaskEvent) {
      for (const listener of listeners) listener(event);
    },
    /** Holds back what is read from now on. @returns a function that releases it. */
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
  test('loads pages one at a time, and knows when it is complete', async () => {
    const list = await openList(aService(tasks(150)));
    expect([list.ids.value.length, list.isComplete.value]).toEqual([100, false]);
    list.more();
    list.more();
    await vi.waitFor(() => expect(list.isComplete.value).toBe(true));
    expect(list.ids.value).toHaveLength(150);
    expect(new Set(list.ids.value).size).toBe(150);
  });

  test('has a task once, even if two pages have it', async () => {
    const list = await openList(aService([...tasks(3), aTask({ id: 't0' })]));
    expect(list.ids.value).toEqual(['t0', 't1', 't2']);
  });

  test('shows what the feed sends, but nothing older than what it shows', async () => {
    const service = aService([aTask({ id: 't', version: 3, status: 'RUNNING' })]);
    const list = await openList(service);
    service.publish({ type: 'task', task: aTask({ id: 't', version: 2, status: 'PENDING' }) });
    expect(list.row('t')?.task.value.status).toBe('RUNNING');
    service.publish({ type: 'task', task: aTask({ id: 't', version: 4, status: 'COMPLETED' }) });
    expect(list.row('t')?.task.value.status).toBe('COMPLETED');
  });

  test('leaves tasks that no longer match in their place, until it is reloaded', async () => {
    const service = aService([aTask({ id: 'a' }), aTask({ id: 'b' })]);
    const list = await openList(service, { status: ['SCHEDULED'] });
    service.publish({ type: 'task', task: aTask({ id: 'a', version: 2, status: 'RUNNING' }) });
    service.publish({ type: 'deleted', id: 'b' });
    expect(list.ids.value).toEqual(['a', 'b']);
    expect(['a', 'b'].map((id) => list.row(id)?.state.value)).toEqual(['unmatched', 'deleted']);
    expect(list.changes.value).toEqual({ added: 0, removed: 2 });
    service.publish({ type: 'task', task: aTask({ id: 'a', version: 3 }) });
    expect(list.changes.value).toEqual({ added: 0, removed: 1 });
    service.publish({ type: 'task', task: aTask({ id: 'a', version: 4, status: 'RUNNING' }) });
    service.stored.length = 0;
    list.reload();
    await vi.waitFor(() => expect(list.ids.value).toEqual([]));
    expect(list.changes.value).toEqual({ added: 0, removed: 0 });
  });

  test('counts tasks that have come to match, but not those on a page still to be loaded', async () => {
    const service = aService(tasks(150));
    const list = await openList(service, { type: 'echo' });
    service.publish({ type: 'task', task: aTask({ id: 'new', created_at: later }) });
    service.publish({ type: 'task', task: aTask({ id: 'other', created_at: later, type: 'slow' }) });
    service.publish({ type: 'task', task: aTask({ id: 't120', version: 2, updated_at: later }) });
    expect(list.changes.value.added).toBe(1);
    service.publish({ type: 'deleted', id: 'new' });
    expect(list.changes.value.added).toBe(0);
  });

  test('reports a failure, keeps what it has, and reloads on request', async () => {
    const service = aService(tasks(2));
    const list = await openList(service);
    service.failOnce(new Error('no'));
    list.reload();
    await vi.waitFor(() => expect(list.failure.value).toEqual(new Error('no')));
    expect(list.ids.value).toEqual(['t0', 't1']);
    list.more();
    expect(service.calls()).toBe(2);
    list.tryAgain();
    await vi.waitFor(() => expect(list.failure.value).toBeUndefined());
    expect(list.ids.value).toEqual(['t0', 't1']);
    service.failOnce(new Error('no'));
    list.reload();
    await vi.waitFor(() => expect(list.failure.value).toEqual(new Error('no')));
    list.reload();
    await vi.waitFor(() => expect(list.failure.value).toBeUndefined());
    expect(list.ids.value).toEqual(['t0', 't1']);
  });

  test('shows what the feed has sent while it was loading, even if the page was read before that', async () => {
    const service = aService([aTask({ id: 'a' }), aTask({ id: 'b' }), aTask({ id: 'c', version: 2 })]);
    const list = await openList(service);
    const release = service.hold();
    list.reload();
    service.publish({ type: 'task', task: aTask({ id: 'a', version: 5, status: 'COMPLETED' }) });
    service.publish({ type: 'deleted', id: 'b' });
    service.publish({ type: 'task', task: aTask({ id: 'c', version: 1, status: 'PENDING' }) });
    release();
    await vi.waitFor(() => expect(list.isLoading.value).toBe(false));
    expect(list.ids.value).toEqual(['a', 'c']);
    expect(list.row('a')?.task.value.status).toBe('COMPLETED');
    expect(list.row('c')?.task.value.status).toBe('SCHEDULED');
  });

  test('continues after the rows it has when a page has failed', async () => {
    const service = aService(tasks(250));
    const list = await openList(service);
    list.more();
    await vi.waitFor(() => expect(list.ids.value).toHaveLength(200));
    service.failOnce(new Error('no'));
    // As if the third page had failed: the whole list is requested again.
    list.tryAgain();
    await vi.waitFor(() => expect(list.failure.value).toEqual(new Error('no')));
    list.tryAgain();
    await vi.waitFor(() => expect(list.isComplete.value).toBe(true));
    expect(list.ids.value).toHaveLength(250);
    expect(new Set(list.ids.value).size).toBe(250);
  });
});
