/** The clock of the machine is set, by minutes and in either direction, while the service runs. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { healthRoutes } from '../../src/api/routes/health.ts';
import { createRouteTable } from '../../src/api/route.ts';
import { createThrottle } from '../../src/auth/throttle.ts';
import { createHub } from '../../src/bridge/hub.ts';
import { createPoller } from '../../src/bridge/poller.ts';
import { waitForEffect } from '../../src/resources/effect.ts';
import { createQuota } from '../../src/tasks/quota.ts';
import { createSharedAnswers } from '../../src/tasks/shared-answers.ts';
import { appOf } from '../support/app.ts';
import { aTask } from '../support/task.ts';

const tenMinutes = 600_000;

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1) }));
afterEach(() => void vi.useRealTimers());

describe.each([
  ['back', -tenMinutes],
  ['forward', tenMinutes],
])('a clock that is set ten minutes %s', (_direction, stepMs) => {
  const step = (): void => void vi.setSystemTime(Date.now() + stepMs);

  test('does not keep /readyz from seeing that Temporal answers again', async () => {
    let isAway = true;
    const routes = createRouteTable();
    const tasks = {
      now: Date.now,
      workersSeen: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve([])),
      assertStoreAnswers: async () => undefined,
      clockDifference: () => undefined,
    };
    healthRoutes(routes, { tasks } as unknown as Parameters<typeof healthRoutes>[1]);
    const app = appOf(routes);
    expect((await app.request('/readyz')).status).toBe(503);
    step();
    isAway = false;
    await vi.advanceTimersByTimeAsync(1001);
    expect((await app.request('/readyz')).status).toBe(200);
  });

  test('neither extends nor shortens the time for which an answer is shared', async () => {
    const shared = createSharedAnswers<number>({ freshMs: 1000, max: 10 });
    const find = vi.fn<() => Promise<number>>(async () => 1);
    await shared('key', find);
    step();
    await shared('key', find);
    expect(find).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1001);
    await shared('key', find);
    expect(find).toHaveBeenCalledTimes(2);
  });

  test('does not keep an old count of unfinished tasks', async () => {
    const count = vi.fn<() => Promise<number>>(async () => 0);
    const quota = createQuota({ count } as unknown as Parameters<typeof createQuota>[0], {
      maxOpenTasks: 10,
      maxStoredMb: 0,
    });
    const nothing = { payload: {}, description: '' };
    await quota.take('alice', nothing);
    step();
    await vi.advanceTimersByTimeAsync(5001);
    await quota.take('alice', nothing);
    expect(count).toHaveBeenCalledTimes(2);
  });

  test('changes no wait after failed sign-ins', async () => {
    const throttle = createThrottle();
    const attempt = (right: boolean) =>
      throttle.guard({ name: 'alice', address: 'here' }, async () => (right ? 'alice' : undefined));
    for (let i = 0; i < 5; i += 1) await attempt(false);
    step();
    await expect(attempt(true)).rejects.toMatchObject({ retryAfterSeconds: 30 });
    await vi.advanceTimersByTimeAsync(30_001);
    expect(await attempt(true)).toBe('alice');
  });

  test('does not extend the wait for the effect of a command', async () => {
    const waiting = waitForEffect(
      async () => 'as before',
      'as before',
      () => false,
    );
    await vi.advanceTimersByTimeAsync(100);
    step();
    await vi.advanceTimersByTimeAsync(1200);
    expect(await waiting).toBe('as before');
  });

  test('does not stall the feed, even in the middle of a tick', async () => {
    let ticks = 0;
    const first = { runId: 'run', transitions: 1, task: aTask({ id: 'a' }) };
    const hub = createHub({ onFirst: () => poller.wake(), now: Date.now });
    const poller = createPoller({
      hub,
      source: {
        async changesSince(cursor) {
          ticks += 1;
          if (ticks === 2) step();
          return { changes: [], deletions: [], cursor };
        },
        observe: async () => first,
      },
      logger: pino({ level: 'silent' }),
    });
    hub.watch(first, { send: () => undefined, deleted: () => undefined });
    await vi.advanceTimersByTimeAsync(600);
    const before = ticks;
    await vi.advanceTimersByTimeAsync(1000);
    expect(ticks - before).toBeGreaterThanOrEqual(3);
    await poller.close();
  });
});
