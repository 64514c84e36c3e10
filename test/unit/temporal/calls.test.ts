import { type Connection, ServiceError } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { recordTelemetry } from '../../support/telemetry.ts';
import { createCalls } from '../../../src/temporal/calls.ts';

/** A connection that runs calls at once and records their deadlines. */
function connectionOf(deadlines: number[] = []): Connection {
  const connection: Pick<Connection, 'withDeadline'> = {
    withDeadline: async (deadline, fn) => {
      deadlines.push(Number(deadline) - Date.now());
      return fn();
    },
  };
  return connection as Connection;
}

/** Returns an error as gRPC throws it. */
function grpcError(code: number, details: string): Error {
  return Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} });
}

describe('a run that was deleted while it is read', () => {
  test.each([
    ['5 NOT_FOUND, as on SQLite', 5, 'workflow execution not found for workflow ID "a" and run ID "b"'],
    [
      '3 INVALID_ARGUMENT, as on PostgreSQL',
      3,
      'Requested workflow history not found, may have passed retention period.',
    ],
  ])('is not found: Temporal answers %s', async (_what, code, details) => {
    const { call } = createCalls(connectionOf());
    for (const error of [
      grpcError(code, details),
      new ServiceError('x', { cause: grpcError(code, details) }),
    ]) {
      await expect(call('getHistory', () => Promise.reject(error))).rejects.toMatchObject({
        code: 'not_found',
      });
    }
  });

  test('is not confused with a request that is really invalid', async () => {
    const { call } = createCalls(connectionOf());
    const error = grpcError(3, 'Invalid NextPageToken.');
    await expect(call('getHistory', () => Promise.reject(error))).rejects.toBe(error);
  });
});

describe('a call', () => {
  test('has a deadline of four seconds, or the given one', async () => {
    const deadlines: number[] = [];
    const { call } = createCalls(connectionOf(deadlines));
    await call('describeWorkflow', async () => 1);
    await call('updateWorkflow', async () => 1, 1000);
    expect(deadlines[0]).toBeGreaterThan(3900);
    expect(deadlines[0]).toBeLessThanOrEqual(4000);
    expect(deadlines[1]).toBeLessThanOrEqual(1000);
  });

  test('is measured by its name and outcome', async () => {
    const telemetry = recordTelemetry();
    const { call } = createCalls(connectionOf(), telemetry);
    expect(await call('listWorkflows', async () => 'rows')).toBe('rows');
    await expect(call('countWorkflows', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    const away = () => Promise.reject(grpcError(14, 'connection refused'));
    await expect(call('describeWorkflow', away)).rejects.toMatchObject({ code: 'temporal_unavailable' });
    const named = (name: string) => telemetry.measurements.filter((one) => one.name === name);
    expect(named('taskbell_temporal_calls_total').map(({ labels }) => labels)).toEqual([
      { call: 'listWorkflows', outcome: 'ok' },
      { call: 'countWorkflows', outcome: 'rejected' },
      { call: 'describeWorkflow', outcome: 'unavailable' },
    ]);
    const durations = named('taskbell_temporal_call_duration_seconds');
    expect(durations.map(({ labels }) => labels)).toEqual([
      { call: 'listWorkflows' },
      { call: 'countWorkflows' },
      { call: 'describeWorkflow' },
    ]);
    expect(durations[0]?.value).toBeLessThan(10);
  });

  test('that is under way keeps `settled()` waiting until it is done', async () => {
    const { call, settled } = createCalls(connectionOf());
    let finish = (): void => undefined;
    const calling = call('signalWorkflow', () => new Promise<void>((resolve) => (finish = resolve)));
    let isSettled = false;
    const waiting = settled().then(() => (isSettled = true));
    // Every promise that could resolve by itself has done so after a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    expect(isSettled).toBe(false);
    finish();
    await calling;
    expect(await waiting).toBe(true);
  });
});
