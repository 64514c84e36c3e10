import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  inputOfRun,
  nominalTimeOf,
  runIdOf,
  taskIdOf,
  workflowIdOf,
  workflowIdPrefixOf,
} from '../../src/contract/run-id.ts';
import { isUuid, timeOfUuid, uuidFrom } from '../../src/lib/uuid.ts';

const schedule = fc.oneof(fc.uuid({ version: 4 }), fc.uuid({ version: 8 }));
/** Times of schedules, in milliseconds. */
const time = fc
  .integer({ min: Date.UTC(2000, 0, 1) / 1000, max: Date.UTC(2101, 0, 1) / 1000 })
  .map((at) => at * 1000);
const suffix = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

test('a run has one id as a task and one as a workflow, and each follows from the other', () => {
  fc.assert(
    fc.property(schedule, time, (id, ms) => {
      const workflowId = `${workflowIdPrefixOf(id)}-${suffix(ms)}`;
      const taskId = taskIdOf(workflowId);
      expect(taskId).toBe(runIdOf(id, ms));
      expect(isUuid(taskId)).toBe(true);
      expect(workflowIdOf(taskId)).toBe(workflowId);
      expect(nominalTimeOf(taskId)).toBe(ms);
      expect(timeOfUuid(taskId)).toBe(ms);
      // An id of the wrong kind is left as it is.
      expect(taskIdOf(taskId)).toBe(taskId);
      expect(workflowIdOf(workflowId)).toBe(workflowId);
    }),
  );
});

test('runs of one schedule differ by their times, and sort by them; those of two schedules never are the same', () => {
  fc.assert(
    fc.property(schedule, schedule, time, time, (one, other, first, second) => {
      const runs = [runIdOf(one, first), runIdOf(one, second)];
      expect(runs[0] === runs[1]).toBe(first === second);
      expect(runs[0] !== undefined && runs[1] !== undefined && runs[0] < runs[1]).toBe(first < second);
      fc.pre(one.slice(15) !== other.slice(15));
      expect(runs).not.toContain(runIdOf(other, second));
    }),
  );
});

test.each([
  randomUUID(),
  uuidFrom('an Idempotency-Key'),
  // A time with a fraction of a second, which no schedule has.
  '019aca6e-0001-7abc-8def-0123456789ab',
  's-abc-8def-0123456789ab-2026-11-28T09:00:00',
  's-abc-8def-0123456789ab-2026-02-30T09:00:00Z',
  's-abc-8def-0123456789ab-2026-11-28T24:00:00Z',
  's-abc-0def-0123456789ab-2026-11-28T09:00:00Z',
  'anything',
  '',
])('%j is no run of a schedule, and stays as it is', (id) => {
  expect([taskIdOf(id), workflowIdOf(id), nominalTimeOf(id)]).toEqual([id, id, undefined]);
});

test('the input of a run has the time of its id, and a retry keeps its own', () => {
  const workflowId = 's-abc-8def-0123456789ab-2026-11-28T09:00:00Z';
  const startedAt = Date.parse('2026-11-28T09:00:00.250Z');
  expect(inputOfRun({ type: 'echo' }, workflowId, startedAt)).toEqual({
    type: 'echo',
    scheduled_time: '2026-11-28T09:00:00.000Z',
    created_at: '2026-11-28T09:00:00.250Z',
  });
  const own = { scheduled_time: '2027-01-01T00:00:00.000Z', created_at: '2026-11-28T09:00:00.250Z' };
  expect(inputOfRun(own, workflowId, startedAt + 5000)).toEqual(own);
  expect(inputOfRun({ type: 'echo' }, randomUUID(), startedAt)).toEqual({ type: 'echo' });
  expect(inputOfRun(null, workflowId, startedAt)).toBeNull();
});
