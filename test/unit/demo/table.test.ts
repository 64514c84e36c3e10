import { describe, expect, test } from 'vitest';
import { detailOf, inColour, formatDuration, plain, renderRows, type Row } from '../../../demo/table.ts';
import { aTask, now } from './fixtures.ts';

function render(row: Partial<Row>, width = 100): string {
  const [line = ''] = renderRows([{ name: 'A task', task: aTask(), ...row }], now, width, plain);
  return line;
}

describe('a row', () => {
  test('says when the task is due', () => {
    const waiting = { reason: 'time', until: new Date(now + 3500).toISOString() } as const;
    expect(render({ task: aTask({ waiting }) })).toBe('  A task  SCHEDULED  due in 4 s');
  });

  test('says what the demo is about to do to it', () => {
    const plan = { what: 'cancels it', at: now + 2000 };
    expect(render({ plan })).toBe('  A task  SCHEDULED  due in 1:00:00 · the demo cancels it in 2 s');
  });

  test('shows the attempt and its progress while it runs', () => {
    const task = aTask({
      status: 'RUNNING',
      waiting: null,
      attempt: 2,
      progress: { percent: 40.4, message: 'rows' },
    });
    expect(render({ task })).toBe('  A task  RUNNING    attempt 2 of 4, 40 % rows');
  });

  test('shows in a backoff why the attempt failed, and when the next one starts', () => {
    const waiting = { reason: 'backoff', until: new Date(now + 1000).toISOString() } as const;
    const task = aTask({ status: 'RUNNING', waiting, attempt: 1, error_message: 'HTTP 503' });
    expect(render({ task })).toBe('  A task  RUNNING    attempt 1 of 4 failed, next in 1 s: HTTP 503');
  });

  test('shows how long an ended task took, and its attempts', () => {
    const times = {
      started_at: new Date(now).toISOString(),
      finished_at: new Date(now + 3240).toISOString(),
    };
    const task = aTask({ status: 'COMPLETED', waiting: null, attempt: 3, ...times });
    expect(render({ task })).toBe('  A task  COMPLETED  took 3.2 s after 3 attempts');
  });

  test('says that a cancelled task never ran', () => {
    const task = aTask({ status: 'CANCELLED', waiting: null, attempt: 0 });
    expect(render({ task })).toBe('  A task  CANCELLED  before it ran');
  });

  test('shows why the service rejected a task', () => {
    expect(render({ task: undefined, rejection: 'not allowed' })).toBe('  A task  REJECTED   not allowed');
  });

  test('shows an error message on one line, without control characters', () => {
    const task = aTask({ status: 'FAILED', waiting: null, error_message: 'one\n\u001B[2Jtwo' });
    expect(detailOf({ name: 'A task', task }, now)).toBe('one [2Jtwo');
  });

  test.each([20, 30, 48, 80, 200])('fits into a terminal of %i columns', (width) => {
    const task = aTask({ status: 'FAILED', waiting: null, error_message: 'e'.repeat(500) });
    const lines = renderRows([{ name: 'n'.repeat(300), task }], now, width, plain);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.max(width, 25));
  });

  test('has the same width with and without colour', () => {
    const rows = [{ name: 'A task', task: aTask() }];
    const [coloured = ''] = renderRows(rows, now, 80, inColour);
    expect(coloured).toContain('\u001B[36mSCHEDULED\u001B[0m');
    expect(coloured.replaceAll('\u001B', '').replaceAll(/\[\d+m/g, '')).toBe(
      renderRows(rows, now, 80, plain)[0],
    );
  });
});

test.each([
  [-5, '0 s'],
  [1, '1 s'],
  [59_000, '59 s'],
  [59_001, '1:00'],
  [1_796_000, '29:56'],
  [3_600_000, '1:00:00'],
  [3_661_000, '1:01:01'],
])('%i ms are "%s" in words', (ms, words) => {
  expect(formatDuration(ms)).toBe(words);
});
