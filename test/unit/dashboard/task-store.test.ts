import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Task, TaskbellError, type TaskSummary } from '../../../src/client/index.ts';
import { createLiveTask } from '../../../src/dashboard/task/store.ts';
import { aTask } from '../../support/task.ts';

const whole = (changes: Partial<Task> = {}): Task => ({
  ...aTask(changes),
  payload: {},
  attempts: [],
  ...changes,
});
const failure = (status: number) => new TaskbellError(`it is ${status}`, { status, code: 'x' });

type FeedEvent = TaskSummary | TaskbellError | 'deleted';

/** Creates a service that answers when the test makes it. */
function service() {
  const reads: { resolve: (task: Task) => void; reject: (error: unknown) => void }[] = [];
  const events: FeedEvent[] = [];
  let [histories, watches] = [0, 0];
  let wake = (): void => undefined;
  const returns = signal(0);
  const visible = { now: true };
  const store = createLiveTask({
    id: 'a',
    returns,
    isVisible: () => visible.now,
    tasks: {
      get: () => new Promise((resolve, reject) => reads.push({ resolve, reject })),
      async *history() {
        histories += 1;
        yield* [];
      },
      async *watch() {
        watches += 1;
        for (;;) {
          for (const event of events.splice(0)) {
            if (event === 'deleted') return;
            if (event instanceof Error) throw event;
            yield event;
          }
          await new Promise<void>((resolve) => (wake = resolve));
        }
      },
    },
  });
  const soon = (ms = 10) => vi.advanceTimersByTimeAsync(ms);
  return {
    store,
    reads,
    returns,
    visible,
    soon,
    counts: () => ({ reads: reads.length, histories, watches }),
    /** Sends an event through the feed. */
    async send(event: FeedEvent) {
      events.push(event);
      wake();
      await soon();
    },
    async answer(place: number, answer: Task | TaskbellError) {
      if (answer instanceof Error) reads[place]?.reject(answer);
      else reads[place]?.resolve(answer);
      await soon();
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the data of a task's page", () => {
  test('is read once, and again with its history when the feed reports a change', async () => {
    const { store, soon, send, answer, counts } = service();
    await soon();
    expect(store.phase.value).toBe('loading');
    await answer(0, whole());
    expect(store.phase.value).toBe('shown');
    expect(counts()).toMatchObject({ reads: 1, histories: 1 });
    await send(aTask());
    await soon(1000);
    expect(counts()).toMatchObject({ reads: 1 });
    await send(aTask({ version: 2 }));
    await send(aTask({ version: 3 }));
    expect(store.task.value?.version).toBe(3);
    await soon(1000);
    expect(counts()).toMatchObject({ reads: 2, histories: 2 });
    store.close();
  });

  test('is never replaced by an older answer, nor by one that the feed has overtaken', async () => {
    const { store, soon, send, answer } = service();
    await soon();
    await answer(0, whole({ version: 2, status: 'RUNNING', attempt: 1 }));
    await soon(2000);
    await send(aTask({ version: 3, status: 'RUNNING', attempt: 1, progress: { percent: 50, message: '' } }));
    await answer(
      1,
      whole({ version: 3, status: 'RUNNING', attempt: 1, progress: { percent: 40, message: '' } }),
    );
    expect(store.task.value?.progress?.percent).toBe(50);
    await soon(1000);
    await send(aTask({ version: 4, status: 'COMPLETED', attempt: 1, result: 'done' }));
    await answer(2, whole({ version: 3, status: 'RUNNING', attempt: 1 }));
    expect(store.task.value).toMatchObject({ version: 4, status: 'COMPLETED', result: 'done' });
    // It was requested while the last answer was in progress.
    await soon(1000);
    await answer(3, whole({ version: 4, status: 'COMPLETED', attempt: 1, payload: { a: 1 } }));
    expect(store.task.value).toMatchObject({ payload: { a: 1 } });
    store.take(whole({ version: 2 }));
    expect(store.task.value?.version).toBe(4);
    store.close();
  });

  test('is read again with its history when a read without it finds a change before the feed does', async () => {
    const { store, soon, send, answer, counts } = service();
    await soon();
    await answer(0, whole({ version: 2, status: 'RUNNING', attempt: 1 }));
    // While an attempt runs, the task is polled.
    await soon(2000);
    expect(counts()).toMatchObject({ reads: 2, histories: 1 });
    const ended = { version: 3, status: 'COMPLETED', attempt: 1, finished_at: aTask().created_at } as const;
    await answer(1, whole(ended));
    expect(store.task.value?.status).toBe('COMPLETED');
    await send(aTask(ended));
    await soon(1000);
    expect(counts()).toMatchObject({ reads: 3, histories: 2 });
    store.close();
  });

  test('is read again with its history when an attempt is lost, which changes neither version nor status', async () => {
    const { store, soon, answer, counts } = service();
    const attempt = { attempt: 1, started_at: aTask().created_at, worker: '', error: null, log: [] };
    const running = { ...attempt, finished_at: null, outcome: 'running' } as const;
    const lost = { ...attempt, finished_at: aTask().created_at, outcome: 'lost' } as const;
    const common = { version: 2, status: 'RUNNING', attempt: 1 } as const;
    await soon();
    await answer(0, whole({ ...common, attempts: [running] }));
    await soon(2000);
    await answer(1, whole({ ...common, waiting: { reason: 'worker' }, attempts: [lost] }));
    await soon(1000);
    expect(counts()).toMatchObject({ reads: 3, histories: 2 });
    store.close();
  });

  test('keeps the fields that the feed leaves out', async () => {
    const { store, soon, send, answer } = service();
    await soon();
    const links = { self: 's', events: 'e', temporal: 'http://web-ui' };
    await answer(0, whole({ description: 'a long one', links, payload: 1 }));
    await send(aTask({ version: 2, description: 'a lo' }));
    expect(store.task.value).toMatchObject({ version: 2, description: 'a long one', links, payload: 1 });
    store.close();
  });

  test('is read every two seconds while an attempt runs and the page is visible', async () => {
    const { store, soon, answer, visible, counts } = service();
    const running = whole({ version: 2, status: 'RUNNING', attempt: 1 });
    await soon();
    await answer(0, running);
    await soon(2000);
    expect(counts()).toMatchObject({ reads: 2, histories: 1 });
    await answer(1, running);
    visible.now = false;
    await soon(10_000);
    expect(counts().reads).toBe(2);
    visible.now = true;
    await soon(2000);
    const ended = whole({ version: 3, status: 'COMPLETED', attempt: 1 });
    await answer(2, ended);
    await soon(10_000);
    // Once more, for the history of its end.
    expect(counts()).toMatchObject({ reads: 4, histories: 2 });
    await answer(3, ended);
    await soon(10_000);
    expect(counts().reads).toBe(4);
    store.close();
  });

  test('is read again when the connection is back', async () => {
    const { store, soon, answer, returns, counts } = service();
    await soon();
    await answer(0, whole());
    returns.value += 1;
    await soon(1000);
    expect(counts()).toMatchObject({ reads: 2, histories: 2 });
    store.close();
  });

  test('is no longer read when the task is deleted or does not exist', async () => {
    const first = service();
    await first.soon();
    await first.answer(0, whole());
    await first.send('deleted');
    expect(first.store.phase.value).toBe('deleted');
    first.returns.value += 1;
    await first.soon(10_000);
    expect(first.counts().reads).toBe(1);
    const second = service();
    await second.soon();
    await second.answer(0, failure(404));
    expect(second.store.phase.value).toBe('missing');
    expect(second.counts().watches).toBe(0);
    const third = service();
    await third.soon();
    await third.answer(0, failure(403));
    expect(third.store.phase.value).toBe('failed');
    expect(third.counts().watches).toBe(0);
  });

  test('is read by itself after a failed read when the feed has begun', async () => {
    const { store, soon, answer, send } = service();
    await soon();
    await answer(0, failure(503));
    await send(aTask());
    await soon(1000);
    await answer(1, whole());
    expect([store.phase.value, store.problem.value]).toEqual(['shown', undefined]);
    store.close();
  });

  test('leaves a 401 to the session', async () => {
    const { store, soon, answer, counts } = service();
    await soon();
    await answer(0, failure(401));
    await soon(10_000);
    expect([store.phase.value, store.problem.value]).toEqual(['loading', undefined]);
    expect(counts().reads).toBe(1);
    store.close();
  });

  test('says why it could not be read, and is then read and watched again', async () => {
    const { store, soon, answer, send, counts } = service();
    await soon();
    await answer(0, failure(503));
    expect([store.phase.value, store.problem.value]).toEqual(['failed', 'it is 503']);
    store.reload();
    await soon(1000);
    await answer(1, whole());
    expect([store.phase.value, store.problem.value]).toEqual(['shown', undefined]);
    await send(failure(403));
    expect([store.phase.value, store.problem.value]).toEqual(['shown', 'it is 403']);
    await soon(6000);
    await answer(2, whole());
    expect(store.problem.value).toBeUndefined();
    expect(counts().watches).toBe(2);
    store.close();
  });
});
