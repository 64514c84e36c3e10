import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHub, type TaskWatcher } from '../../src/bridge/hub.ts';
import { createObserver } from '../../src/bridge/observer.ts';
import type { TaskSummary } from '../../src/contract/task.ts';
import type { Observation } from '../../src/tasks/feed.ts';
import { aTask } from '../support/task.ts';

const start = Date.parse('2030-01-01T00:00:00.000Z');
const iso = (ms: number) => new Date(ms).toISOString();

function seen(id: string, changes: Partial<TaskSummary> = {}, transitions = 1, runId = 'run 1'): Observation {
  return { runId, transitions, task: aTask({ id, status: 'RUNNING', ...changes }) };
}

const silent: TaskWatcher = { send: () => undefined, deleted: () => undefined };

/** An observer whose observations are answered by the test. */
class Scene {
  readonly hub = createHub({ onFirst: () => undefined, now: Date.now });
  /** Start of each look at a task, in milliseconds since the start of the test. */
  readonly looks: { id: string; at: number }[] = [];
  readonly answers = new Map<string, Observation | undefined | Error>();
  /** Runs that are no longer the newest. */
  readonly former: Observation[] = [];
  readonly observer = createObserver({
    hub: this.hub,
    observe: (id, runId) => this.observe(id, runId),
    logger: pino({ level: 'silent' }),
  });
  takesMs = 0;
  atOnce = 0;
  maxAtOnce = 0;

  watch(first: Observation): () => void {
    this.answers.set(first.task.id, first);
    return this.hub.watch(first, silent);
  }

  private async observe(id: string, runId?: string): Promise<Observation | undefined> {
    this.looks.push({ id, at: Date.now() - start });
    this.atOnce += 1;
    this.maxAtOnce = Math.max(this.maxAtOnce, this.atOnce);
    await new Promise((resolve) => setTimeout(resolve, this.takesMs));
    this.atOnce -= 1;
    const answer = this.answers.get(id);
    if (answer instanceof Error) throw answer;
    return runId === undefined ? answer : this.former.find((run) => run.runId === runId);
  }

  /** Does what the poller does on each tick, for this long. */
  async tickFor(ms: number, tickMs = 250): Promise<void> {
    const until = Date.now() + ms;
    while (Date.now() < until) {
      this.observer.lookAtDue();
      await vi.advanceTimersByTimeAsync(tickMs);
    }
  }

  looksAt(id: string): number[] {
    return this.looks.filter((look) => look.id === id).map(({ at }) => at);
  }
}

let scene: Scene;

beforeEach(() => {
  vi.useFakeTimers({ now: start });
  scene = new Scene();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('looks at watched tasks', () => {
  test('never overlap for one task; requests during a look cause one more after it', async () => {
    scene.takesMs = 1000;
    scene.watch(seen('a'));
    scene.observer.look('a');
    await vi.advanceTimersByTimeAsync(500);
    for (let i = 0; i < 10; i += 1) scene.observer.look('a');
    await vi.advanceTimersByTimeAsync(5000);
    expect(scene.looksAt('a')).toEqual([0, 1000]);
    expect(scene.maxAtOnce).toBe(1);
  });

  test('run at most eight at a time, and every task gets its turn', async () => {
    scene.takesMs = 100;
    for (let i = 0; i < 50; i += 1) scene.watch(seen(`task ${i}`));
    for (let i = 0; i < 50; i += 1) scene.observer.look(`task ${i}`);
    await vi.advanceTimersByTimeAsync(1000);
    expect(scene.maxAtOnce).toBe(8);
    expect(new Set(scene.looks.map(({ id }) => id)).size).toBe(50);
    expect(scene.looks).toHaveLength(50);
  });

  test('publish the observed state to the hub, or that the task is deleted', async () => {
    const sent: string[] = [];
    const deleted = vi.fn<() => void>();
    scene.hub.watch(seen('a'), { send: ({ text }) => sent.push(text), deleted });
    scene.answers.set('a', seen('a', { version: 2 }));
    scene.observer.look('a');
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toHaveLength(2);
    scene.answers.set('a', undefined);
    scene.observer.look('a');
    await vi.advanceTimersByTimeAsync(0);
    expect(deleted).toHaveBeenCalledTimes(1);
    await scene.tickFor(120_000, 1000);
    expect(scene.looks).toHaveLength(2);
  });

  test('publish the end of a run even if a retry has already started a new run, and then the new run', async () => {
    const sent: string[] = [];
    const send: TaskWatcher['send'] = ({ text }) => {
      const { status, version } = JSON.parse(text) as TaskSummary;
      sent.push(`${status} ${version}`);
    };
    scene.hub.watch(seen('a'), { send, deleted: () => undefined });
    scene.former.push(seen('a', { status: 'FAILED', version: 2 }, 5));
    const retried = seen('a', { status: 'PENDING', version: 3 }, 1, 'run 2');
    scene.answers.set('a', retried);
    // A watcher that arrives now has seen the new run before the others could.
    scene.watch(retried);
    scene.observer.look('a');
    await vi.advanceTimersByTimeAsync(10);
    expect(sent).toEqual(['RUNNING 1', 'FAILED 2', 'PENDING 3']);
    expect(scene.looks).toHaveLength(2);
    scene.observer.look('a');
    await vi.advanceTimersByTimeAsync(10);
    expect(scene.looks).toHaveLength(3);
  });

  test("publish a new run even if the previous run's records are deleted", async () => {
    scene.watch(seen('a'));
    scene.answers.set('a', seen('a', { status: 'PENDING', version: 3 }, 1, 'run 2'));
    scene.observer.look('a');
    await vi.advanceTimersByTimeAsync(10);
    expect(scene.hub.last('a')).toMatchObject({ runId: 'run 2', task: { version: 3 } });
  });

  test('are not made for a task that no one watches', async () => {
    scene.observer.look('a');
    const leave = scene.watch(seen('b'));
    leave();
    scene.observer.look('b');
    await scene.tickFor(120_000, 1000);
    expect(scene.looks).toEqual([]);
  });

  test('that are still queued are dropped once the last watcher has left', async () => {
    scene.takesMs = 100;
    const leaves = Array.from({ length: 20 }, (_, i) => scene.watch(seen(`task ${i}`)));
    for (let i = 0; i < 20; i += 1) scene.observer.look(`task ${i}`);
    expect(scene.looks).toHaveLength(8);
    for (const leave of leaves) leave();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(scene.looks).toHaveLength(8);
  });

  test('are over once idle() resolves, queued ones included', async () => {
    scene.takesMs = 100;
    for (let i = 0; i < 20; i += 1) {
      scene.watch(seen(`task ${i}`));
      scene.observer.look(`task ${i}`);
    }
    const overAfter = scene.observer.idle().then(() => Date.now() - start);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await overAfter).toBe(300);
    expect(scene.looks).toHaveLength(20);
  });
});

describe('the interval between looks', () => {
  /** Returns the gaps between looks. Every watch starts with a look. */
  async function gapsOver(ms: number, first: Observation): Promise<number[]> {
    scene.watch(first);
    await scene.tickFor(ms, 50);
    const at = scene.looksAt('a');
    return at.slice(1).map((time, index) => time - (at[index] ?? 0));
  }

  test('grows to one second for a running task in which nothing changes', async () => {
    const gaps = await gapsOver(10_000, seen('a'));
    expect(gaps.slice(0, 2).every((gap) => gap < 500)).toBe(true);
    expect(gaps.slice(-3)).toEqual([1000, 1000, 1000]);
    expect(gaps).toEqual(gaps.toSorted((a, b) => a - b));
  });

  test('stays short while something changes', async () => {
    let transitions = 1;
    scene.watch(seen('a'));
    const interval = setInterval(() => scene.answers.set('a', seen('a', {}, (transitions += 1))), 50);
    await scene.tickFor(5000, 50);
    clearInterval(interval);
    const at = scene.looksAt('a');
    expect(at.length).toBeGreaterThanOrEqual(16);
  });

  test('grows after errors, up to five seconds, and recovers', async () => {
    scene.watch(seen('a'));
    scene.answers.set('a', new Error('away'));
    await scene.tickFor(30_000, 50);
    const failed = scene.looksAt('a');
    expect((failed.at(-1) ?? 0) - (failed.at(-2) ?? 0)).toBe(5000);
    scene.answers.set('a', seen('a'));
    await scene.tickFor(10_000, 50);
    const at = scene.looksAt('a');
    expect((at.at(-1) ?? 0) - (at.at(-2) ?? 0)).toBe(1000);
  });

  test.each([
    ['a paused task', { status: 'SCHEDULED', waiting: { reason: 'paused' } }],
    [
      'a task whose time is far in the future',
      {
        status: 'SCHEDULED',
        waiting: { reason: 'time', until: iso(start + 1e9) },
        scheduled_time: iso(start + 1e9),
      },
    ],
    ['an ended task', { status: 'COMPLETED' }],
  ] as const)('is a minute for %s', async (_what, changes) => {
    const gaps = await gapsOver(181_000, seen('a', changes));
    expect(gaps).toEqual([60_000, 60_000, 60_000]);
  });

  test('is a second while a cancellation waits for a worker', async () => {
    const gaps = await gapsOver(
      10_000,
      seen('a', { status: 'SCHEDULED', waiting: { reason: 'cancelling' } }),
    );
    expect(gaps.at(-1)).toBe(1000);
  });

  test('ends as soon as a scheduled task is due', async () => {
    const due = start + 20_000;
    const waiting = { reason: 'time', until: iso(due) } as const;
    scene.watch(seen('a', { status: 'SCHEDULED', waiting, scheduled_time: iso(due) }));
    await scene.tickFor(19_900, 50);
    expect(scene.looksAt('a')).toEqual([0]);
    await scene.tickFor(200, 50);
    expect(scene.looksAt('a').at(1)).toBeLessThanOrEqual(20_050);
  });

  test('shortens after an action on an ended task, until the effect shows', async () => {
    const deleted = vi.fn<() => void>();
    scene.hub.watch(seen('a', { status: 'COMPLETED' }), { send: () => undefined, deleted });
    scene.answers.set('a', seen('a', { status: 'COMPLETED' }));
    await scene.tickFor(1000);
    scene.observer.lookAfterAction('a');
    await scene.tickFor(10_000);
    scene.answers.set('a', undefined);
    await scene.tickFor(1250);
    expect(deleted).toHaveBeenCalledTimes(1);
  });

  test('is as before after a while without an effect', async () => {
    scene.watch(seen('a', { status: 'COMPLETED' }));
    scene.observer.lookAfterAction('a');
    await scene.tickFor(41_000);
    const looked = scene.looks.length;
    await scene.tickFor(50_000);
    expect(scene.looks).toHaveLength(looked);
  });

  test('is not shortened by a changed task that cannot be read; the look is retried', async () => {
    const waiting = { reason: 'paused' } as const;
    scene.watch(seen('a', { status: 'SCHEDULED', waiting }));
    await scene.tickFor(1000);
    scene.looks.length = 0;
    scene.answers.set('a', new Error('away'));
    const until = Date.now() + 30_000;
    while (Date.now() < until) {
      scene.observer.lookAtNews('a');
      await scene.tickFor(250);
    }
    expect(scene.looks.length).toBeLessThan(15);
    const failed = scene.looks.length;
    scene.answers.set('a', seen('a', { status: 'SCHEDULED', waiting, version: 2 }));
    await scene.tickFor(6000);
    expect(scene.looks.length - failed).toBe(1);
    expect(scene.hub.last('a')?.task.version).toBe(2);
  });
});
