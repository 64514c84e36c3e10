import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHub, type TaskWatcher } from '../../src/bridge/hub.ts';
import { createPoller, type FeedSource, type Poller } from '../../src/bridge/poller.ts';
import type { FeedMessage, TaskSummary } from '../../src/contract/task.ts';
import type { Change, Changes, FeedCursor, Observation } from '../../src/tasks/feed.ts';
import type { Deletion } from '../../src/tasks/deletions.ts';
import { aTask } from '../support/task.ts';

const start = Date.parse('2030-01-01T00:00:00.000Z');

function seen(id: string, changes: Partial<TaskSummary> = {}, runId = 'run 1'): Observation {
  const task = aTask({ id, waiting: { reason: 'paused' }, ...changes });
  return { runId, transitions: 1, task };
}

/** A Temporal whose contents the test writes. Each `changesSince` stands for two list calls. */
class FakeSource implements FeedSource {
  readonly ticks: { at: number; cursor: FeedCursor }[] = [];
  readonly observed: string[] = [];
  readonly tasks = new Map<string, Observation>();
  changes: Change[] = [];
  deletions: Deletion[] = [];
  away = false;
  takesMs = 0;
  lookTakesMs = 0;

  async changesSince(cursor: FeedCursor): Promise<Changes> {
    this.ticks.push({ at: Date.now() - start, cursor });
    await this.answer();
    const { changes, deletions } = this;
    return { changes, deletions, cursor: { written: cursor.written + 1, closed: cursor.closed + 1 } };
  }

  async observe(id: string): Promise<Observation | undefined> {
    this.observed.push(id);
    await this.answer(this.lookTakesMs);
    return this.tasks.get(id);
  }

  private async answer(takesMs = this.takesMs): Promise<void> {
    if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs));
    if (this.away) throw new Error('14 UNAVAILABLE');
  }

  /** Writes the task's new state, and the row that lists it. */
  write(observation: Observation): void {
    const { runId, task } = observation;
    const { created_at, run_created_at, version, owner } = task;
    this.tasks.set(task.id, observation);
    const ended = ['COMPLETED', 'FAILED', 'CANCELLED'].includes(task.status);
    const run = { runId, created_at, run_created_at };
    this.changes = [...this.changes, { id: task.id, ...run, version, owner, ended }];
  }

  get calls(): number {
    return this.ticks.length + this.observed.length;
  }
}

let source: FakeSource;
let poller: Poller;
let hub: ReturnType<typeof createHub>;

beforeEach(() => {
  vi.useFakeTimers({ now: start });
  source = new FakeSource();
  hub = createHub({ onFirst: () => poller.wake(), now: Date.now });
  poller = createPoller({ hub, source, logger: pino({ level: 'silent' }), tickMs: 250 });
});

afterEach(async () => {
  const closed = poller.close();
  await vi.advanceTimersByTimeAsync(10_000);
  await closed;
  vi.useRealTimers();
});

function watch(first: Observation) {
  const messages: FeedMessage[] = [];
  let isDeleted = false;
  const watcher: TaskWatcher = {
    send: ({ text }) => messages.push(JSON.parse(text) as FeedMessage),
    deleted: () => {
      isDeleted = true;
    },
  };
  if (!source.tasks.has(first.task.id)) source.tasks.set(first.task.id, first);
  const leave = hub.watch(first, watcher);
  return {
    leave,
    messages,
    isDeleted: () => isDeleted,
    tasks: () => messages.filter((message) => message.type === 'task'),
    notices: () => messages.flatMap((message) => (message.type === 'notice' ? [message.notice] : [])),
  };
}

function gaps(ticks: readonly { at: number }[]): number[] {
  return ticks.slice(1).map((tick, index) => tick.at - (ticks[index]?.at ?? 0));
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('while no one watches', () => {
  test('no calls are made', async () => {
    await pass(3_600_000);
    expect(source.calls).toBe(0);
  });

  test('no calls are made after the last watcher has left, however long ago', async () => {
    const watchers = [watch(seen('a')), watch(seen('a')), watch(seen('b', { status: 'RUNNING' }))];
    await pass(5000);
    expect(source.calls).toBeGreaterThan(0);
    for (const { leave } of watchers) leave();
    const before = source.calls;
    await pass(3_600_000);
    expect(source.calls).toBe(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a requested look makes no calls', async () => {
    poller.look('a');
    await pass(1000);
    expect(source.calls).toBe(0);
  });
});

describe('while tasks are watched', () => {
  test.each([1, 500])('a tick is one pair of list calls, with %i tasks watched', async (count) => {
    for (let i = 0; i < count; i += 1) watch(seen(`task ${i}`));
    await pass(10_000);
    expect(source.ticks.length).toBeGreaterThanOrEqual(38);
    expect(source.ticks.length).toBeLessThanOrEqual(41);
    expect(source.observed).toHaveLength(count);
  });

  test('a slow list call is waited for, and never overlaps another one', async () => {
    source.takesMs = 1000;
    watch(seen('a'));
    await pass(10_000);
    expect(source.ticks).toHaveLength(10);
    for (const [index, gap] of gaps(source.ticks).entries()) expect([index, gap]).toEqual([index, 1001]);
  });

  test('the cursor starts ten seconds back, and then is the one that the list calls returned', async () => {
    watch(seen('a'));
    await pass(500);
    const since = start - 10_000;
    expect(source.ticks.slice(0, 2).map(({ cursor }) => cursor)).toEqual([
      { written: since, closed: since },
      { written: since + 1, closed: since + 1 },
    ]);
  });

  test('the cursor starts over after a time without watchers', async () => {
    watch(seen('a')).leave();
    await pass(60_000);
    watch(seen('a'));
    expect(source.ticks.at(-1)?.cursor.written).toBe(start + 50_000);
  });

  test('a change is sent within a tick, and its row leads to only one look', async () => {
    const watcher = watch(seen('a'));
    watch(seen('b'));
    await pass(1000);
    source.observed.length = 0;
    source.write(seen('a', { version: 2 }));
    source.write(seen('unwatched', { version: 2 }));
    await pass(250);
    expect(watcher.tasks().map(({ version }) => version)).toEqual([1, 2]);
    await pass(10_000);
    expect(source.observed).toEqual(['a']);
  });

  test('an end is sent once, and a new run after it', async () => {
    const watcher = watch(seen('a'));
    source.write(seen('a', { status: 'FAILED', version: 2 }));
    await pass(5000);
    source.write(seen('a', { status: 'SCHEDULED', version: 3 }, 'run 2'));
    await pass(5000);
    source.write(seen('a', { status: 'COMPLETED', version: 3 }, 'run 2'));
    await pass(130_000);
    expect(watcher.tasks().map(({ status }) => status)).toEqual([
      'SCHEDULED',
      'FAILED',
      'SCHEDULED',
      'COMPLETED',
    ]);
  });

  test('a change that the lists have missed is found within a minute', async () => {
    const watcher = watch(seen('a'));
    await pass(1000);
    source.tasks.set('a', seen('a', { version: 2 }));
    await pass(60_000);
    expect(watcher.tasks().map(({ version }) => version)).toEqual([1, 2]);
  });

  test("a task's deletion is sent to all its watchers, and then no calls are made", async () => {
    const watchers = [watch(seen('a')), watch(seen('a'))];
    await pass(1000);
    source.tasks.delete('a');
    poller.look('a');
    await pass(300);
    expect(watchers.map(({ isDeleted }) => isDeleted())).toEqual([true, true]);
    const before = source.calls;
    await pass(120_000);
    expect(source.calls).toBe(before);
  });

  test('a requested look is made at once', async () => {
    const watcher = watch(seen('a'));
    await pass(1000);
    source.tasks.set('a', seen('a', { version: 2 }));
    poller.look('a');
    await pass(0);
    expect(watcher.tasks()).toHaveLength(2);
  });
});

describe('when Temporal is unreachable', () => {
  test('watchers are notified once that it is unreachable, and once that it is back', async () => {
    const watcher = watch(seen('a'));
    await pass(1000);
    source.away = true;
    await pass(60_000);
    expect(watcher.notices()).toEqual(['unreachable']);
    source.away = false;
    await pass(60_000);
    expect(watcher.notices()).toEqual(['unreachable', 'resumed']);
  });

  test('watchers that arrive meanwhile are notified at once, even if they are the only ones', async () => {
    const first = watch(seen('a'));
    source.away = true;
    await pass(10_000);
    const second = watch(seen('a'));
    expect(second.notices()).toEqual(['unreachable']);
    for (const { leave } of [first, second]) leave();
    await pass(2000);
    const reloaded = watch(seen('a'));
    expect(reloaded.notices()).toEqual(['unreachable']);
    source.away = false;
    await pass(10_000);
    expect(reloaded.notices()).toEqual(['unreachable', 'resumed']);
    expect(watch(seen('a')).notices()).toEqual([]);
  });

  test('a single failed tick sends no notice', async () => {
    const watcher = watch(seen('a'));
    await pass(1010);
    source.away = true;
    await pass(250);
    source.away = false;
    await pass(10_000);
    expect(watcher.notices()).toEqual([]);
  });

  test('the ticks slow down to every two seconds, and speed up again afterwards', async () => {
    watch(seen('a'));
    source.away = true;
    await pass(20_000);
    expect(gaps(source.ticks).slice(0, 5)).toEqual([250, 500, 1000, 2000, 2000]);
    source.away = false;
    await pass(10_000);
    expect(gaps(source.ticks).at(-1)).toBe(250);
  });

  test('every watched task is looked at once it is back', async () => {
    const watchers = [watch(seen('a')), watch(seen('b'))];
    await pass(1000);
    source.away = true;
    await pass(30_000);
    // Written in the meantime, and outside the window of the lists.
    source.tasks.set('a', seen('a', { version: 2 }));
    source.tasks.set('b', seen('b', { version: 3 }));
    source.away = false;
    await pass(2100);
    expect(watchers.map(({ tasks }) => tasks().at(-1)?.version)).toEqual([2, 3]);
  });

  test('watchers that arrive after an outage whose end no one saw are not notified of its end', async () => {
    const first = watch(seen('a'));
    source.away = true;
    await pass(10_000);
    first.leave();
    await pass(10_000);
    source.away = false;
    const second = watch(seen('a'));
    await pass(10_000);
    expect(second.notices()).toEqual([]);
  });
});

describe('a poller that is being closed', () => {
  test('waits for a look in progress', async () => {
    watch(seen('a'));
    await pass(1000);
    source.lookTakesMs = 3000;
    poller.look('a');
    let closed = false;
    const closing = poller.close().then(() => (closed = true));
    await pass(2900);
    expect(closed).toBe(false);
    await pass(200);
    await closing;
  });

  test('makes no more calls, and waits for those in progress', async () => {
    source.takesMs = 1000;
    watch(seen('a'));
    await pass(500);
    let closed = false;
    const closing = poller.close().then(() => (closed = true));
    await pass(400);
    expect(closed).toBe(false);
    await pass(5000);
    await closing;
    const before = source.calls;
    poller.wake();
    watch(seen('b'));
    await pass(60_000);
    expect(source.calls).toBe(before);
  });
});

/** Lists rows as Temporal does: all since the cursor, including those that were listed before. */
class ListingSource extends FakeSource {
  readonly rows: { readonly change: Change; readonly at: number }[] = [];

  override async changesSince(cursor: FeedCursor): Promise<Changes> {
    await super.changesSince(cursor);
    const listed = this.rows.filter(({ at }) => at >= cursor.closed - 3000);
    const closed = Math.max(cursor.closed, ...listed.map(({ at }) => at));
    return { changes: listed.map(({ change }) => change), deletions: [], cursor: { ...cursor, closed } };
  }
}

test('a list watcher receives an end once, however long nothing else happens', async () => {
  await poller.close();
  const listing = new ListingSource();
  source = listing;
  poller = createPoller({ hub, source, logger: pino({ level: 'silent' }), tickMs: 250 });
  const sent: string[] = [];
  const leave = hub.watchAll({ owner: 'alice', wants: () => true, send: ({ key }) => sent.push(key) });
  await pass(1000);
  const finished_at = new Date().toISOString();
  const end = seen('a', { status: 'COMPLETED', waiting: null, finished_at, version: 2 });
  listing.tasks.set('a', end);
  listing.rows.push({
    change: { ...end.task, runId: end.runId, ended: true },
    at: Date.now(),
  });
  await pass(5 * 60_000);
  expect(sent).toEqual(['a']);
  expect(listing.observed).toEqual(['a']);
  leave();
});

test('deletions that the lists report reach the watchers, without a look at any task', async () => {
  const sent: string[] = [];
  const leave = hub.watchAll({ owner: 'alice', wants: () => true, send: ({ text }) => sent.push(text) });
  const watcher = watch(seen('a'));
  await pass(500);
  source.observed.length = 0;
  source.deletions = ['a', 'b'].map((id) => ({ id, owner: 'alice', at: Date.now() + 10 * 365 * 86_400_000 }));
  await pass(5000);
  expect(watcher.isDeleted()).toBe(true);
  expect(sent.slice(-2)).toEqual(['{"type":"deleted","id":"a"}', '{"type":"deleted","id":"b"}']);
  expect(source.observed).toEqual([]);
  leave();
});

test('a sleeping task causes no calls for a list watcher, once it has been sent', async () => {
  const sent: string[] = [];
  const leave = hub.watchAll({ owner: 'alice', wants: () => true, send: ({ key }) => sent.push(key) });
  source.write(seen('a'));
  await pass(1000);
  source.changes = [];
  await pass(60 * 60_000);
  expect(sent).toEqual(['a']);
  expect(source.observed).toEqual(['a']);
  leave();
});
