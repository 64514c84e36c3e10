import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createMeasures } from '../../../activities/measures.ts';
import { catalogue, type MetricDefinition, type MetricRole } from '../../../src/metrics/catalogue.ts';
import { closeCodeLabel, methodLabel } from '../../../src/metrics/labels.ts';
import { createMetrics } from '../../../src/metrics/registry.ts';
import { type ReadPage, readMetrics } from '../../support/metrics-page.ts';

function start(role: MetricRole = 'api', pageMs?: number) {
  const onMissing = vi.fn<(parts: readonly string[], error: unknown) => void>();
  const metrics = createMetrics({ role, onMissing, ...(pageMs === undefined ? {} : { pageMs }) });
  const read = async (): Promise<ReadPage> => readMetrics((await metrics.page()).text);
  return { ...metrics, read, onMissing };
}

describe('the page of a process', () => {
  test.each(['api', 'worker'] as const)('has all metrics of its role (%s), and of no other', async (role) => {
    const { page, read } = start(role);
    expect((await page()).type).toBe('text/plain; version=0.0.4; charset=utf-8');
    const own = Object.entries<MetricDefinition>(catalogue).filter(([, { roles }]) => roles.includes(role));
    const shown = [...(await read()).families].filter(([name]) => name.startsWith('taskbell_'));
    expect(shown.map(([name, { type, help }]) => [name, type, help])).toEqual(
      own.map(([name, { kind, help }]) => [name, kind, help]),
    );
  });

  test('has the metrics of the process itself, such as the delay of its event loop', async () => {
    const page = await start().read();
    for (const name of ['process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds'])
      expect(page.find(name), name).toHaveLength(1);
  });

  test('starts every counter at zero whose labels have fixed values', async () => {
    const page = await start().read();
    expect(page.find('taskbell_quota_refused_total')).toMatchObject([{ labels: {}, value: 0 }]);
    expect(
      page.find('taskbell_rate_limited_total').map(({ labels, value }) => [labels['why'], value]),
    ).toEqual([
      ['requests', 0],
      ['sign_ins', 0],
      ['feeds', 0],
      ['bulk', 0],
    ]);
  });

  test('has what was measured', async () => {
    const { telemetry, read } = start();
    const request = { method: 'GET', route: '/"quoted\\path"\n' } as const;
    telemetry.count('taskbell_http_requests_total', { ...request, status: '200' });
    telemetry.count('taskbell_http_requests_total', { ...request, status: '200' }, 2);
    telemetry.observe('taskbell_http_request_duration_seconds', 0.02, request);
    telemetry.observe('taskbell_http_request_duration_seconds', 60, request);
    telemetry.gauge('taskbell_workers', () => [{ labels: {}, value: 2 }]);
    const page = await read();
    expect(page.find('taskbell_http_requests_total')).toMatchObject([
      { labels: { ...request, status: '200' }, value: 3 },
    ]);
    const bucket = (le: string) => page.sum('taskbell_http_request_duration_seconds_bucket', { le });
    expect([bucket('0.01'), bucket('0.025'), bucket('5'), bucket('+Inf')]).toEqual([0, 1, 1, 2]);
    expect(page.sum('taskbell_workers')).toBe(2);
  });

  test('adds up what several parts say of one gauge, and forgets a part that has ended', async () => {
    const { telemetry, read } = start();
    telemetry.gauge('taskbell_sockets', () => [{ labels: { kind: 'task' }, value: 2 }]);
    const end = telemetry.gauge('taskbell_sockets', () => [
      { labels: { kind: 'task' }, value: 1 },
      { labels: { kind: 'list' }, value: 1 },
    ]);
    expect((await read()).sum('taskbell_sockets', { kind: 'task' })).toBe(3);
    end();
    expect((await read()).find('taskbell_sockets')).toMatchObject([{ labels: { kind: 'task' }, value: 2 }]);
  });

  test('ignores measurements of metrics that its role does not have', async () => {
    const { telemetry, read } = start('worker');
    telemetry.count('taskbell_quota_refused_total', {});
    telemetry.gauge('taskbell_workers', () => [{ labels: {}, value: 2 }]);
    expect((await read()).families.has('taskbell_workers')).toBe(false);
  });

  test('includes the page of another source', async () => {
    const { include, read } = start();
    include(
      'another',
      async () => '# HELP temporal_x_total X.\n# TYPE temporal_x_total counter\ntemporal_x_total 5\n',
    );
    expect((await read()).sum('temporal_x_total')).toBe(5);
  });
});

test('once closed, metrics ask nothing, keep nothing, and drop what they get', async () => {
  const { telemetry, include, page, close } = start();
  const ask = vi.fn<() => readonly []>(() => []);
  const other = vi.fn<() => Promise<string>>(async () => '');
  telemetry.gauge('taskbell_workers', ask);
  include('another', other);
  close();
  telemetry.count('taskbell_quota_refused_total', {});
  telemetry.observe('taskbell_bridge_lag_seconds', 1, {});
  telemetry.gauge('taskbell_workers', ask);
  expect((await page()).text.trim()).toBe('');
  expect(ask).not.toHaveBeenCalled();
  expect(other).not.toHaveBeenCalled();
});

describe('a part of the page that fails', () => {
  test.each([
    ['throws', () => Promise.reject(new Error('Temporal is away'))],
    ['never ends', () => new Promise<never>(() => undefined)],
  ])('because it %s is left out, and the rest is there', async (_how, fail) => {
    const { telemetry, include, read } = start('api', 50);
    telemetry.gauge('taskbell_workers', fail);
    include('another', fail);
    const page = await read();
    expect(page.find('taskbell_workers')).toEqual([]);
    expect(page.find('taskbell_quota_refused_total')).toHaveLength(1);
  });

  test('is reported once, until it succeeds again, whatever others do', async () => {
    const { telemetry, include, page, onMissing } = start();
    const away = new Error('Temporal is away');
    const failing = new Set(['taskbell_workers']);
    for (const name of ['taskbell_workers', 'taskbell_overdue_tasks'] as const)
      telemetry.gauge(name, () => {
        if (failing.has(name)) throw away;
        return [];
      });
    include('another', async () => {
      if (failing.has('another')) throw new Error('refused');
      return '';
    });
    await page();
    await page();
    expect(onMissing).toHaveBeenCalledExactlyOnceWith(['taskbell_workers'], away);
    failing.add('taskbell_overdue_tasks').add('another');
    await page();
    expect(onMissing).toHaveBeenLastCalledWith(['taskbell_overdue_tasks', 'another'], away);
    failing.delete('taskbell_workers');
    await page();
    expect(onMissing).toHaveBeenCalledTimes(2);
    failing.add('taskbell_workers');
    await page();
    expect(onMissing).toHaveBeenCalledTimes(3);
    expect(onMissing).toHaveBeenLastCalledWith(['taskbell_workers'], away);
  });

  test('is asked to stop once the page is sent without it', async () => {
    const { include, page } = start('api', 50);
    const signals: AbortSignal[] = [];
    include('another', (late) => {
      signals.push(late);
      return new Promise<never>(() => undefined);
    });
    await page();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe('labels', () => {
  const attempt = {
    attempt: 1,
    started_at: '2030-01-01T00:00:00.000Z',
    finished_at: '2030-01-01T00:00:02.000Z',
    worker: '',
    outcome: 'failed',
    log: [],
  } as const;

  test('never have a text that a user has written, whatever it is', async () => {
    const page = await start('worker').read();
    const before = [...page.families.keys()];
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        const { telemetry, read } = start('worker');
        const measures = createMeasures(telemetry, ['known']);
        measures.taskEnded(text, 'FAILED');
        measures.attemptFailed(text, 'retry');
        measures.firstAttemptStarted(text, 0, 1);
        measures.attemptEnded(text, { ...attempt, error: { type: text, message: text } });
        const after = await read();
        expect([...after.families.keys()]).toEqual(before);
        const types = ['taskbell_tasks_ended_total', 'taskbell_attempts_total', 'taskbell_task_retries_total']
          .flatMap((name) => after.find(name))
          .map(({ labels }) => labels['type']);
        expect(new Set(types)).toEqual(new Set(['known', 'other']));
      }),
      { numRuns: 20 },
    );
    expect(methodLabel('BREW')).toBe('other');
    expect([closeCodeLabel(1000), closeCodeLabel(4999)]).toEqual(['1000', 'other']);
  });

  test('distinguish fifty task types; further ones share a label', async () => {
    const { telemetry, read } = start('worker');
    const types = Array.from({ length: 60 }, (_, index) => `type-${index}`);
    const measures = createMeasures(telemetry, types);
    for (const type of types) measures.taskEnded(type, 'COMPLETED');
    const page = await read();
    const ended = page.find('taskbell_tasks_ended_total', { status: 'COMPLETED' });
    expect(ended).toHaveLength(51);
    expect(page.sum('taskbell_tasks_ended_total', { type: 'type-49', status: 'COMPLETED' })).toBe(1);
    expect(page.sum('taskbell_tasks_ended_total', { type: 'other', status: 'COMPLETED' })).toBe(10);
  });
});

describe('a worker', () => {
  test('measures how late the first attempt of a task starts', async () => {
    const { telemetry, read } = start('worker');
    const measures = createMeasures(telemetry, ['echo']);
    measures.firstAttemptStarted('echo', 1000, 1400);
    // Its clock is behind.
    measures.firstAttemptStarted('echo', 1000, 900);
    const page = await read();
    expect(page.sum('taskbell_task_lateness_seconds_count', { type: 'echo' })).toBe(2);
    expect(page.sum('taskbell_task_lateness_seconds_sum', { type: 'echo' })).toBe(0.4);
    expect(page.sum('taskbell_clock_skew_total')).toBe(1);
  });

  test.each([
    ['SoftTimeLimitExceeded', 'soft'],
    ['TimeLimitExceeded', 'hard'],
  ])('counts an attempt that failed as %s as a timeout by its %s limit', async (type, limit) => {
    const { telemetry, read } = start('worker');
    const report = {
      attempt: 1,
      started_at: '2030-01-01T00:00:00.000Z',
      finished_at: '2030-01-01T00:00:02.000Z',
      worker: '',
      log: [],
      error: { type, message: '' },
    };
    const measures = createMeasures(telemetry, ['slow']);
    measures.attemptEnded('slow', { ...report, outcome: 'failed' });
    measures.attemptEnded('slow', { ...report, outcome: 'cancelled' });
    const page = await read();
    expect(page.sum('taskbell_task_timeouts_total', { limit })).toBe(1);
    expect(page.sum('taskbell_task_timeouts_total')).toBe(1);
    expect(page.sum('taskbell_attempts_total', { type: 'slow', outcome: 'failed' })).toBe(1);
    expect(page.sum('taskbell_attempt_duration_seconds_sum', { type: 'slow', outcome: 'failed' })).toBe(2);
  });
});
