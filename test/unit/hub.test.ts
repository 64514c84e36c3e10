import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type ListWatcher, createHub, type Hub, type TaskWatcher } from '../../src/bridge/hub.ts';
import type { OutgoingMessage } from '../../src/bridge/message.ts';
import { isForward } from '../../src/bridge/order.ts';
import { endedStatuses, type TaskStatus } from '../../src/contract/status.ts';
import type { FeedMessage, TaskSummary } from '../../src/contract/task.ts';
import type { Observation } from '../../src/tasks/feed.ts';
import { aTask } from '../support/task.ts';

function seen(changes: Partial<TaskSummary> = {}, run: Partial<Omit<Observation, 'task'>> = {}) {
  const observation: Observation = {
    runId: 'run 1',
    transitions: 1,
    ...run,
    task: aTask(changes),
  };
  return observation;
}

type TaskMessage = Extract<FeedMessage, { type: 'task' }>;

/** A watcher that records what it was sent. */
class RecordingWatcher implements TaskWatcher {
  readonly texts: string[] = [];
  isDeleted = false;

  send({ text }: OutgoingMessage): void {
    this.texts.push(text);
  }
  deleted(): void {
    this.isDeleted = true;
  }
  get messages(): FeedMessage[] {
    return this.texts.map((text) => JSON.parse(text) as FeedMessage);
  }
  get tasks(): TaskMessage[] {
    return this.messages.filter((message) => message.type === 'task');
  }
  get statuses(): TaskStatus[] {
    return this.tasks.map(({ status }) => status);
  }
}

function watched(hub: Hub, first: Observation) {
  const spectator = new RecordingWatcher();
  return { spectator, leave: hub.watch(first, spectator) };
}

const quiet = { onFirst: () => undefined, now: Date.now };
const running = { status: 'RUNNING', version: 2, attempt: 1 } as const;

describe('a hub', () => {
  test('keeps one entry per task, however many watchers it has', () => {
    const hub = createHub(quiet);
    const leaves = Array.from({ length: 1000 }, () => watched(hub, seen()).leave);
    expect(hub.size).toBe(1);
    expect([...hub.ids()]).toEqual(['a']);
    for (const leave of leaves.slice(1)) leave();
    expect(hub.size).toBe(1);
    leaves[0]?.();
    expect(hub.size).toBe(0);
    expect(hub.last('a')).toBeUndefined();
  });

  test('calls onFirst when the first watcher arrives, and again only after all have left', () => {
    const onFirst = vi.fn<() => void>();
    const hub = createHub({ onFirst, now: Date.now });
    const one = watched(hub, seen());
    const other = watched(hub, seen({ id: 'b' }));
    watched(hub, seen()).leave();
    expect(onFirst).toHaveBeenCalledTimes(1);
    one.leave();
    other.leave();
    expect(onFirst).toHaveBeenCalledTimes(1);
    watched(hub, seen());
    expect(onFirst).toHaveBeenCalledTimes(2);
  });

  test('sends a snapshot first, with the message type as `type` and the task type as `task_type`', () => {
    const { spectator } = watched(createHub(quiet), seen());
    expect(spectator.messages).toEqual([{ ...seen().task, type: 'task', task_type: 'echo' }]);
  });

  test('sends a change to all watchers of that task, and to no others', () => {
    const hub = createHub(quiet);
    const [one, two] = [watched(hub, seen()), watched(hub, seen())];
    const other = watched(hub, seen({ id: 'b' }));
    hub.publish('a', seen(running));
    expect(one.spectator.statuses).toEqual(['SCHEDULED', 'RUNNING']);
    expect(two.spectator.texts).toEqual(one.spectator.texts);
    expect(other.spectator.statuses).toEqual(['SCHEDULED']);
  });

  test('serialises a change once for all watchers', () => {
    const hub = createHub(quiet);
    for (let i = 0; i < 100; i += 1) watched(hub, seen());
    const stringify = vi.spyOn(JSON, 'stringify');
    hub.publish('a', seen(running));
    expect(stringify).toHaveBeenCalledTimes(1);
    hub.notice('unreachable', 'away');
    expect(stringify).toHaveBeenCalledTimes(2);
    stringify.mockRestore();
  });

  test('sends nothing for an observation without a change', () => {
    const hub = createHub(quiet);
    const { spectator } = watched(hub, seen());
    hub.publish('a', seen({}, { transitions: 9 }));
    expect(spectator.texts).toHaveLength(1);
  });

  test('sends the newer state to those that lack it when a new watcher and the others have seen different states', () => {
    const hub = createHub(quiet);
    const one = watched(hub, seen());
    const newcomer = watched(hub, seen(running));
    expect(one.spectator.statuses).toEqual(['SCHEDULED', 'RUNNING']);
    expect(newcomer.spectator.statuses).toEqual(['RUNNING']);
    const late = watched(hub, seen());
    expect(late.spectator.statuses).toEqual(['RUNNING']);
    expect(one.spectator.texts).toHaveLength(2);
  });

  test('sends nothing to a watcher that has left', () => {
    const hub = createHub(quiet);
    watched(hub, seen());
    const { spectator, leave } = watched(hub, seen());
    leave();
    hub.publish('a', seen(running));
    hub.notice('draining', 'bye');
    hub.publish('a', undefined);
    expect(spectator.texts).toHaveLength(1);
    expect(spectator.isDeleted).toBe(false);
  });

  test('notifies every watcher once that its task is deleted, and forgets the task', () => {
    const hub = createHub(quiet);
    const deleted = vi.fn<() => void>();
    const leaves = [1, 2].map(() => hub.watch(seen(), { send: () => undefined, deleted }));
    hub.publish('a', undefined);
    hub.publish('a', undefined);
    expect(deleted).toHaveBeenCalledTimes(2);
    expect(hub.size).toBe(0);
    const later = watched(hub, seen());
    for (const leave of leaves) leave();
    hub.publish('a', seen(running));
    expect(later.spectator.statuses).toEqual(['SCHEDULED', 'RUNNING']);
  });

  test('ignores observations of a task that no one watches', () => {
    const hub = createHub(quiet);
    hub.publish('a', seen());
    expect(hub.size).toBe(0);
  });

  test('sends a notice about the feed itself to all watchers, without a status', () => {
    const hub = createHub(quiet);
    const all = [watched(hub, seen()), watched(hub, seen()), watched(hub, seen({ id: 'b' }))];
    hub.notice('unreachable', 'away');
    for (const { spectator } of all) {
      expect(spectator.messages.at(-1)).toEqual({ type: 'notice', notice: 'unreachable', detail: 'away' });
    }
  });
});

describe('a row in a list', () => {
  const hub = createHub(quiet);
  watched(hub, seen({ version: 5, status: 'RUNNING' }));
  const { created_at, run_created_at } = aTask();
  const run = { runId: 'run 1', created_at, run_created_at };
  const change = { id: 'a', ...run, version: 5, owner: 'alice', ended: false };
  const later = '2030-01-01T00:00:00.001Z';

  test.each([
    ['of a task that no one watches is not news', { ...change, id: 'b', version: 9 }, false],
    ['with the known version is not news', change, false],
    ['with an older version is not news', { ...change, version: 4 }, false],
    ['with a newer version is news', { ...change, version: 6 }, true],
    ['with the end of the run that is known as open is news', { ...change, ended: true }, true],
    [
      'with the end of an older run is not news',
      { ...change, runId: 'run 0', version: 4, ended: true },
      false,
    ],
    [
      'of a run that was created later is news, also with a lower version: someone has reset the task',
      { ...change, runId: 'run 2', run_created_at: later, version: 4 },
      true,
    ],
    [
      'of the task that had the id before is not news, also with a higher version',
      { ...change, created_at: '2029-01-01T00:00:00.000Z', version: 9 },
      false,
    ],
  ] as const)('%s', (_what, row, expected) => {
    expect(hub.isNews(row)).toBe(expected);
  });

  test('with an end that has been sent is not news', () => {
    hub.publish('a', seen({ version: 5, status: 'COMPLETED' }));
    expect(hub.isNews({ ...change, ended: true })).toBe(false);
  });
});

describe('the order of the states that watchers are sent', () => {
  const one = { runId: 'run 1' };
  const two = { runId: 'run 2' };

  test.each([
    [
      'lets through RUNNING after PENDING of one version',
      seen({ status: 'PENDING' }),
      seen({ status: 'RUNNING' }),
      true,
    ],
    [
      'drops PENDING after RUNNING of one version',
      seen({ status: 'RUNNING' }),
      seen({ status: 'PENDING' }),
      false,
    ],
    ['drops an older version', seen({ version: 3 }), seen({ version: 2, status: 'RUNNING' }), false],
    [
      'lets through SCHEDULED of a newer version after PENDING',
      seen({ status: 'PENDING' }),
      seen({ version: 2 }),
      true,
    ],
    [
      'lets through the end, with the same version',
      seen(running),
      seen({ ...running, status: 'COMPLETED' }),
      true,
    ],
    [
      'drops a second end of one run',
      seen({ status: 'COMPLETED' }),
      seen({ status: 'CANCELLED', version: 2 }),
      false,
    ],
    [
      'lets through a new run after the end',
      seen({ status: 'FAILED' }, one),
      seen({ version: 2 }, two),
      true,
    ],
    [
      'drops an older run after a newer one',
      seen({ version: 2 }, two),
      seen({ version: 1, status: 'FAILED' }, one),
      false,
    ],
    ['drops another run of the same version', seen({}, one), seen({}, two), false],
    [
      'drops an observation of the same version that was made earlier but arrives later',
      seen({ ...running, progress: { percent: 50, message: '' } }, { transitions: 12 }),
      seen({ ...running, progress: { percent: 30, message: '' } }, { transitions: 10 }),
      false,
    ],
    [
      'drops a lower attempt, seen between the end of the attempt and the end of its run',
      seen({ ...running, attempt: 2 }),
      seen({ ...running, attempt: 1 }, { transitions: 2 }),
      false,
    ],
    [
      'lets through the end of a run that counts fewer attempts than were seen',
      seen(running),
      seen({ ...running, status: 'CANCELLED', attempt: 0 }),
      true,
    ],
    [
      'lets through a lower attempt after a pause has withdrawn one, which is a write',
      seen(running),
      seen({ status: 'SCHEDULED', version: 3, attempt: 0 }, { transitions: 2 }),
      true,
    ],
  ])('%s', (_what, last, next, forward) => {
    expect(isForward(last, next)).toBe(forward);
  });

  test('holds however late and out of order observations arrive', () => {
    fc.assert(
      fc.property(histories, fc.infiniteStream(fc.nat()), (history, picks) => {
        const hub = createHub(quiet);
        const first = history[0];
        if (!first) return;
        const { spectator } = watched(hub, first);
        for (const pick of picks.take(history.length * 2)) hub.publish('a', history[pick % history.length]);
        for (const observation of history) hub.publish('a', observation);

        const sent = spectator.tasks;
        expect(sent.at(-1)).toMatchObject({ ...history.at(-1)?.task, type: 'task' });
        const versions = sent.map(({ version }) => version);
        expect(versions).toEqual(versions.toSorted((a, b) => a - b));
        for (const [index, message] of sent.entries()) {
          const before = sent[index - 1];
          if (before?.version !== message.version) continue;
          expect(rank(message.status)).toBeGreaterThanOrEqual(rank(before.status));
          expect(message.progress?.percent ?? 100).toBeGreaterThanOrEqual(before.progress?.percent ?? 0);
        }
        // Only in this test, the name of a task is the id of its run.
        const ends = sent.filter(({ status }) => endedStatuses.has(status)).map(({ name }) => name);
        expect(new Set(ends).size).toBe(ends.length);
      }),
      { numRuns: 500 },
    );
  });
});

function rank(status: TaskStatus): number {
  return ['SCHEDULED', 'PENDING', 'RUNNING'].indexOf(status) + 1 || 4;
}

/** The full history of a task, run after run, as observations that miss nothing. */
const histories: fc.Arbitrary<Observation[]> = fc
  .array(
    fc.record({
      steps: fc.nat(4),
      end: fc.constantFrom('COMPLETED', 'FAILED', 'CANCELLED'),
    } as const),
    { minLength: 1, maxLength: 3 },
  )
  .map((runs) => {
    const history: Observation[] = [];
    let version = 0;
    let transitions = 0;
    for (const [index, { steps, end }] of runs.entries()) {
      const runId = `run ${index}`;
      const add = (changes: Partial<TaskSummary>): void => {
        transitions += 1;
        history.push(seen({ name: runId, version, ...changes }, { runId, transitions }));
      };
      version += 1;
      add({ status: 'SCHEDULED' });
      version += 1;
      add({ status: 'PENDING' });
      for (let step = 0; step < steps; step += 1) {
        const progress = { percent: (step + 1) * 20, message: '' };
        add({ status: 'RUNNING', attempt: 1, progress });
      }
      add({ status: end, attempt: 1 });
    }
    return history;
  });

describe('a list watcher', () => {
  class RecordingListWatcher implements ListWatcher {
    readonly owner: string | undefined;
    readonly received: string[] = [];
    readonly wants: ListWatcher['wants'];

    constructor(owner: string | undefined, wants: ListWatcher['wants'] = () => true) {
      this.owner = owner;
      this.wants = wants;
    }
    send({ text, key }: OutgoingMessage): void {
      const message = JSON.parse(text) as FeedMessage;
      this.received.push(message.type === 'task' ? `${key} ${message.status}` : message.type);
    }
  }

  const { created_at, run_created_at } = aTask();
  const run = { runId: 'run 1', created_at, run_created_at };
  const change = { id: 'b', ...run, version: 1, owner: 'alice', ended: false };
  const of = (id: string, changes: Partial<TaskSummary> = {}) => seen({ id, ...changes });

  test("receives every task of its owner, new ones included, and no other owner's", () => {
    const onFirst = vi.fn<() => void>();
    const hub = createHub({ onFirst, now: Date.now });
    const alices = new RecordingListWatcher('alice');
    const everyones = new RecordingListWatcher(undefined);
    hub.watchAll(alices);
    hub.watchAll(everyones);
    expect(onFirst).toHaveBeenCalledTimes(1);
    expect(hub.isNews(change)).toBe(true);
    expect(hub.isOpenTo('b')).toBe(false);
    hub.expect('b');
    expect(hub.isOpenTo('b')).toBe(true);
    expect([...hub.ids()]).toEqual(['b']);
    hub.publish('b', of('b'));
    expect(hub.isNews(change)).toBe(false);
    hub.publish('b', of('b', running));
    hub.publish('c', of('c', { owner: 'bob' }));
    expect(alices.received).toEqual(['b SCHEDULED', 'b RUNNING']);
    expect(everyones.received).toEqual(['b SCHEDULED', 'b RUNNING', 'c SCHEDULED']);
  });

  test('with a filter receives a task while it matches, and once more when it stops matching', () => {
    const hub = createHub(quiet);
    const listener = new RecordingListWatcher('alice', ({ status }) => status === 'SCHEDULED');
    hub.watchAll(listener);
    hub.publish('b', of('b'));
    hub.publish('b', of('b', running));
    hub.publish('b', of('b', { ...running, attempt: 2 }));
    hub.publish('c', of('c', running));
    expect(listener.received).toEqual(['b SCHEDULED', 'b RUNNING']);
  });

  test('also receives a task that has a watcher, whichever of the two came first', () => {
    const hub = createHub(quiet);
    const listener = new RecordingListWatcher('alice');
    watched(hub, of('early'));
    hub.watchAll(listener);
    const { leave } = watched(hub, of('late'));
    leave();
    hub.publish('late', of('late', running));
    hub.publish('early', of('early', running));
    expect(listener.received).toEqual(['early SCHEDULED', 'late SCHEDULED', 'late RUNNING', 'early RUNNING']);
  });

  test('first receives what others know already and a list may not show yet: states, progress and deletions', () => {
    const hub = createHub(quiet);
    hub.watchAll(new RecordingListWatcher(undefined));
    hub.publish('b', of('b', { status: 'CANCELLED', version: 2 }));
    hub.publish('c', of('c', { ...running, progress: { percent: 40, message: '' } }));
    hub.publish('d', of('d', { owner: 'bob' }));
    hub.deleted('e', 'alice', Date.now());
    hub.deleted('f', 'bob', Date.now());
    const late = new RecordingListWatcher('alice');
    hub.watchAll(late);
    expect(late.received).toEqual(['b CANCELLED', 'c RUNNING', 'deleted']);
    const narrow = new RecordingListWatcher('alice', ({ status }) => status === 'RUNNING');
    hub.watchAll(narrow);
    expect(narrow.received).toEqual(['c RUNNING', 'deleted']);
  });

  test('receives deletions, whether the task was known or not', () => {
    const hub = createHub(quiet);
    const [alices, bobs] = [new RecordingListWatcher('alice'), new RecordingListWatcher('bob')];
    hub.watchAll(alices);
    hub.watchAll(bobs);
    hub.publish('b', of('b'));
    const at = Date.parse(seen().task.created_at);
    hub.deleted('b', 'alice', at);
    hub.deleted('never seen', 'alice', at);
    expect(alices.received).toEqual(['b SCHEDULED', 'deleted', 'deleted']);
    expect(bobs.received).toEqual([]);
  });

  test('receives a deletion once, however often it is reported, and not that of a task created again', () => {
    const hub = createHub(quiet);
    const alices = new RecordingListWatcher('alice');
    hub.watchAll(alices);
    const at = Date.parse('2030-01-01T00:00:00.000Z');
    // Each request that deletes it reports it, with its own time.
    for (let i = 0; i < 3; i += 1) hub.deleted('b', 'alice', at + i * 100);
    hub.publish('b', of('b', { created_at: '2030-01-01T00:00:01.000Z' }));
    hub.deleted('b', 'alice', at);
    expect(alices.received).toEqual(['deleted', 'b SCHEDULED']);
    hub.deleted('b', 'alice', at + 2000);
    expect(alices.received).toEqual(['deleted', 'b SCHEDULED', 'deleted']);
  });

  test('leaves nothing behind: ended tasks are dropped after a while, and all tasks when it leaves', () => {
    const hub = createHub(quiet);
    const leave = hub.watchAll(new RecordingListWatcher('alice'));
    const finished_at = '2020-01-01T00:00:00.000Z';
    const now = performance.now();
    hub.publish('b', of('b', { status: 'COMPLETED', finished_at }));
    hub.publish('c', of('c', running));
    hub.publish('asleep', of('asleep'));
    hub.expect('d');
    hub.sweep(now + 20_000);
    expect([...hub.ids()]).toEqual(['b', 'c', 'asleep', 'd']);
    hub.sweep(now + 31_000);
    expect([...hub.ids()]).toEqual(['c', 'd']);
    leave();
    expect([...hub.ids()]).toEqual([]);
    expect(hub.size).toBe(0);
    expect(hub.isNews(change)).toBe(false);
    hub.expect('e');
    expect(hub.isOpenTo('e')).toBe(false);
  });
});

describe('another run', () => {
  const [before, after] = ['2030-01-01T00:00:00.001Z', '2030-01-01T00:00:00.002Z'];
  const ended = seen({ status: 'FAILED', version: 3, run_created_at: before }, { runId: 'run 1' });

  test('is later if it was created later, also with a lower version: someone has reset the task in Temporal', () => {
    const reset = seen({ status: 'RUNNING', version: 2, run_created_at: after }, { runId: 'run 2' });
    expect(isForward(ended, reset)).toBe(true);
    expect(isForward(reset, ended)).toBe(false);
  });

  test('is later by its version if both were created in the same millisecond', () => {
    const retried = seen({ status: 'PENDING', version: 4, run_created_at: before }, { runId: 'run 2' });
    expect(isForward(ended, retried)).toBe(true);
    expect(isForward(retried, ended)).toBe(false);
  });
});
