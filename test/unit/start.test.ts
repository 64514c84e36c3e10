import { describe, expect, test, vi } from 'vitest';
import { AppError } from '../../src/contract/errors.ts';
import { startRun } from '../../src/tasks/start.ts';
import type { TaskStore } from '../../src/tasks/store.ts';
import { aTaskInput } from '../support/task.ts';

const now = Date.parse('2030-01-01T00:00:00.000Z');
const due = (inMs: number): string => new Date(now + inMs).toISOString();

/** Returns a run id with a time, as the server creates them. */
function runIdAt(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}

/** Starts a run on a server whose clock shows `now + serverMs` by then. */
async function startDue(
  inMs: number,
  { serverMs = 0, after = [] as string[], woken = async () => undefined } = {},
) {
  const start = vi.fn<(type: string, options: { startDelay?: number }) => Promise<string>>();
  start.mockResolvedValue(runIdAt(now + serverMs));
  const wake = vi.fn<(id: string, runId: string) => Promise<void>>(woken);
  const store = { temporal: { start, clock: { now: () => now } }, wake } as unknown as TaskStore;
  const input = aTaskInput({ scheduled_time: due(inMs), after });
  const runId = await startRun(store, { id: 'id', input }, now);
  return { runId, startDelay: start.mock.calls[0]?.[1].startDelay, woken: wake.mock.calls };
}

describe('the start delay of a run', () => {
  test.each([2000, 60_000, 10 * 365 * 86_400_000])('that is due in %i ms lasts until then', async (inMs) => {
    expect(await startDue(inMs)).toMatchObject({ startDelay: inMs, woken: [] });
  });

  test.each([-5000, 0, 1999])('is left out if it is due in %i ms', async (inMs) => {
    expect((await startDue(inMs)).startDelay).toBeUndefined();
  });

  test('is left out if it waits for other tasks', async () => {
    expect((await startDue(60_000, { after: ['another'] })).startDelay).toBeUndefined();
  });
});

describe('a run that its start delay would keep beyond its time,', () => {
  test('since the start was slow or our clock is behind, is woken', async () => {
    const { runId, woken } = await startDue(60_000, { serverMs: 1001 });
    expect(woken).toEqual([['id', runId]]);
    expect((await startDue(60_000, { serverMs: 1000 })).woken).toEqual([]);
    expect((await startDue(1000, { serverMs: 5000 })).woken).toEqual([]);
  });

  test('has been started even if it cannot be woken', async () => {
    const woken = () => Promise.reject(new AppError('temporal_unavailable', 'away'));
    expect((await startDue(60_000, { serverMs: 9000, woken })).runId).toBe(runIdAt(now + 9000));
  });
});
