/** What the parts of an API measure; test/unit/temporal/calls.test.ts has the calls to Temporal. */
import { Hono } from 'hono';
import type { Logger } from 'pino';
import { describe, expect, test } from 'vitest';
import { requestLog } from '../../src/api/request-log.ts';
import type { ApiEnv } from '../../src/api/types.ts';
import { createThrottle } from '../../src/auth/throttle.ts';
import { createFeedLimit } from '../../src/bridge/feed-limit.ts';
import { createHub } from '../../src/bridge/hub.ts';
import { createPoller } from '../../src/bridge/poller.ts';
import { createStreams } from '../../src/bridge/streams.ts';
import { createQuota } from '../../src/tasks/quota.ts';
import { noTelemetry } from '../../src/metrics/telemetry.ts';
import { aTask } from '../support/task.ts';
import { recordTelemetry } from '../support/telemetry.ts';
import { waitFor } from '../support/wait-for.ts';

const quiet = { onFirst: () => undefined, now: Date.now };

test('sign-ins that fail are counted, and those that are rejected without a look at the password', async () => {
  const telemetry = recordTelemetry();
  const { guard } = createThrottle({ telemetry });
  await guard({ name: 'alice', address: 'a' }, async () => 'alice');
  expect(telemetry.measurements).toEqual([]);
  for (let failure = 0; failure < 5; failure += 1)
    await guard({ name: 'alice', address: 'a' }, async () => undefined);
  const failed = { name: 'taskbell_signin_failures_total', value: 1, labels: {} };
  expect(telemetry.measurements).toEqual(Array.from({ length: 5 }, () => failed));
  await expect(guard({ name: 'alice', address: 'a' }, async () => 'alice')).rejects.toThrow('Too many');
  expect(telemetry.measurements.at(-1)).toEqual({
    name: 'taskbell_rate_limited_total',
    value: 1,
    labels: { why: 'sign_ins' },
  });
});

test('looks for changes are counted and measured while a task is watched, also those that fail', async () => {
  const telemetry = recordTelemetry();
  let looks = 0;
  const logger = { info: () => undefined, warn: () => undefined, debug: () => undefined } as never;
  const hub = createHub(quiet);
  const leave = hub.watchAll({ owner: undefined, send: () => undefined, wants: () => false });
  const poller = createPoller({
    hub,
    logger,
    telemetry,
    tickMs: 1,
    source: {
      changesSince: async (cursor) => {
        looks += 1;
        if (looks > 1) throw new Error('unreachable');
        return { changes: [], deletions: [], cursor };
      },
      observe: async () => undefined,
    },
  });
  poller.wake();
  await waitFor('a look that fails', () => looks > 1);
  leave();
  await poller.close();
  const named = (name: string) => telemetry.measurements.filter((one) => one.name === name);
  expect(named('taskbell_bridge_calls_total')).toHaveLength(looks);
  expect(named('taskbell_bridge_calls_total')[0]?.labels).toEqual({ call: 'changes' });
  expect(named('taskbell_bridge_tick_seconds')).toHaveLength(looks);
});

describe('the lag of the bridge', () => {
  const at = (ms: number) => new Date(ms).toISOString();
  const observation = (id: string, version: number, updatedAt: number) => ({
    runId: 'run 1',
    transitions: version,
    task: aTask({ id, version, updated_at: at(updatedAt) }),
  });

  test("is the time from a change, by the server's clock, to its message", () => {
    const telemetry = recordTelemetry();
    const hub = createHub({ ...quiet, now: () => 10_000, telemetry });
    hub.watch(observation('a', 1, 1000), { send: () => undefined, deleted: () => undefined });
    expect(telemetry.measurements).toEqual([]);
    hub.publish('a', observation('a', 2, 9600));
    // The clocks differ.
    hub.publish('a', observation('a', 3, 10_500));
    expect(telemetry.measurements.map(({ name, value }) => [name, value])).toEqual([
      ['taskbell_bridge_lag_seconds', 0.4],
      ['taskbell_bridge_lag_seconds', 0],
    ]);
  });

  test('does not count progress, which no change comes with, nor what had changed before a list was watched', () => {
    const telemetry = recordTelemetry();
    const hub = createHub({ ...quiet, now: () => 10_000, telemetry });
    hub.watchAll({ owner: undefined, send: () => undefined, wants: () => true });
    hub.publish('a', observation('a', 1, 1000));
    const later = observation('a', 1, 1000);
    const progress = { percent: 50, message: '' };
    hub.publish('a', { ...later, transitions: 2, task: { ...later.task, progress } });
    expect(telemetry.measurements).toEqual([]);
    hub.publish('b', observation('b', 1, 10_001));
    expect(telemetry.measurements).toHaveLength(1);
  });
});

test('requests are counted and measured by their route, not by their path, and by known methods', async () => {
  const telemetry = recordTelemetry();
  const logger = { debug: () => undefined } as unknown as Logger;
  const app = new Hono<ApiEnv>();
  app.use(requestLog(logger, telemetry));
  app.get('/things/:id', (c) => c.text('found'));
  // Middleware of the rest, which the request does not come to.
  app.use('/things/*', (_c, next) => next());
  await app.request('/things/1');
  await app.request('/nothing');
  await app.request('/things/1', { method: 'BREW' });
  const counted = telemetry.measurements.filter(({ name }) => name === 'taskbell_http_requests_total');
  expect(counted.map(({ labels }) => labels)).toEqual([
    { method: 'GET', route: '/things/:id', status: '200' },
    { method: 'GET', route: '/*', status: '404' },
    { method: 'other', route: '/things/*', status: '404' },
  ]);
  const measured = telemetry.measurements.filter(
    ({ name }) => name === 'taskbell_http_request_duration_seconds',
  );
  expect(measured.map(({ labels }) => labels)).toEqual(
    counted.map(({ labels: { method, route } }) => ({ method, route })),
  );
});

test('a gauge ends with what it measures', async () => {
  const telemetry = recordTelemetry();
  const streams = createStreams({
    hub: createHub(quiet),
    observeAs: () => Promise.reject(new Error('not asked')),
    isCredentialValid: () => true,
    limit: createFeedLimit(0),
    telemetry,
  });
  expect(await telemetry.gauges()).toEqual([
    { name: 'taskbell_sockets', labels: { kind: 'events' }, value: 0 },
  ]);
  streams.close();
  expect(await telemetry.gauges()).toEqual([]);
});

test('a feed beyond the limit is counted', () => {
  const telemetry = recordTelemetry();
  const limit = createFeedLimit(1, telemetry);
  limit.take('alice');
  expect(() => limit.take('alice')).toThrow('already has 1');
  expect(telemetry.measurements).toEqual([
    { name: 'taskbell_rate_limited_total', value: 1, labels: { why: 'feeds' } },
  ]);
});

test('a task or an edit beyond the quota of its owner is counted', async () => {
  const telemetry = recordTelemetry();
  const store = { count: async () => 1 } as unknown as Parameters<typeof createQuota>[0];
  const quota = createQuota(store, { maxOpenTasks: 1, maxStoredMb: 1, telemetry });
  const payload = 'x'.repeat(2_000_000);
  await expect(quota.take('alice', { payload: {}, description: '' })).rejects.toThrow('unfinished tasks');
  quota.takeData('bob', { payload });
  expect(() => quota.takeData('bob', { payload })).toThrow('used up');
  const refused = { name: 'taskbell_quota_refused_total', value: 1, labels: {} };
  expect(telemetry.measurements).toEqual([refused, refused]);
});

test('without telemetry, nothing is measured and nothing fails', () => {
  noTelemetry.count('taskbell_quota_refused_total', {});
  noTelemetry.observe('taskbell_bridge_lag_seconds', 1, {});
  expect(noTelemetry.gauge('taskbell_workers', () => [])()).toBeUndefined();
});
