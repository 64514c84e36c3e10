/** What the parts of the service measure; test/unit/temporal/calls.test.ts has the calls to Temporal. */
import { Hono } from 'hono';
import type { Logger } from 'pino';
import { expect, test } from 'vitest';
import { requestLog } from '../../src/api/request-log.ts';
import type { ApiEnv } from '../../src/api/types.ts';
import { createThrottle } from '../../src/auth/throttle.ts';
import { createFeedLimit } from '../../src/bridge/feed-limit.ts';
import { createHub } from '../../src/bridge/hub.ts';
import { createPoller } from '../../src/bridge/poller.ts';
import { createStreams } from '../../src/bridge/streams.ts';
import { noTelemetry } from '../../src/lib/telemetry.ts';
import { recordTelemetry } from '../support/telemetry.ts';
import { waitFor } from '../support/wait-for.ts';

test('sign-ins are counted by their outcome', async () => {
  const telemetry = recordTelemetry();
  const { guard } = createThrottle({ telemetry });
  await guard({ name: 'alice', address: 'a' }, async () => 'alice');
  await guard({ name: 'alice', address: 'a' }, async () => undefined);
  expect(telemetry.measurements).toEqual([
    { name: 'taskbell_sign_ins_total', value: 1, labels: { outcome: 'ok' } },
    { name: 'taskbell_sign_ins_total', value: 1, labels: { outcome: 'failed' } },
  ]);
});

test('ticks of the feed are measured by their outcome while a task is watched', async () => {
  const telemetry = recordTelemetry();
  let fails = false;
  const logger = { info: () => undefined, warn: () => undefined, debug: () => undefined } as never;
  const hub = createHub({ onFirst: () => undefined, now: Date.now });
  const leave = hub.watchAll({ owner: undefined, send: () => undefined, wants: () => false });
  const poller = createPoller({
    hub,
    logger,
    telemetry,
    tickMs: 1,
    source: {
      changesSince: async (cursor) => {
        if (fails) throw new Error('unreachable');
        return { changes: [], deletions: [], cursor };
      },
      observe: async () => undefined,
    },
  });
  poller.wake();
  const outcomes = () => new Set(telemetry.measurements.map(({ labels }) => labels['outcome']));
  await waitFor('a tick', () => outcomes().has('ok'));
  fails = true;
  await waitFor('a failed tick', () => outcomes().has('error'));
  leave();
  await poller.close();
  expect(new Set(telemetry.measurements.map(({ name }) => name))).toEqual(
    new Set(['taskbell_feed_tick_seconds']),
  );
});

test('requests are measured by their route, not by their path', async () => {
  const telemetry = recordTelemetry();
  const logger = { debug: () => undefined } as unknown as Logger;
  const app = new Hono<ApiEnv>();
  app.use(requestLog(logger, telemetry));
  app.get('/things/:id', (c) => c.text('found'));
  await app.request('/things/1');
  await app.request('/nothing');
  expect(telemetry.measurements.map(({ name, labels }) => [name, labels])).toEqual([
    ['taskbell_http_request_seconds', { method: 'GET', route: '/things/:id', status: '200' }],
    ['taskbell_http_request_seconds', { method: 'GET', route: '/*', status: '404' }],
  ]);
});

test('a gauge ends with what it measures', () => {
  const telemetry = recordTelemetry();
  const hub = createHub({ onFirst: () => undefined, now: Date.now });
  const observeAs = () => Promise.reject(new Error('not asked'));
  const streams = createStreams({
    hub,
    observeAs,
    isCredentialValid: () => true,
    limit: createFeedLimit(0),
    telemetry,
  });
  expect(telemetry.gauges()).toEqual({ taskbell_event_streams_open: 0 });
  streams.close();
  expect(telemetry.gauges()).toEqual({});
});

test('without telemetry, nothing is measured and nothing fails', () => {
  noTelemetry.count('x');
  noTelemetry.observe('x', 1);
  expect(noTelemetry.gauge('x', () => 1)()).toBeUndefined();
});
