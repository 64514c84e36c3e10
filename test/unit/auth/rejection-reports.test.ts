import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { limitReports } from '../../../src/auth/rejection-reports.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('rejections of one kind are reported once a minute', () => {
  const report = vi.fn<(reason: string) => void>();
  const limited = limitReports(report);
  for (const second of [0, 30, 59]) {
    limited('expired', `expired at ${second}`);
    vi.advanceTimersByTime(29_500);
  }
  limited('issuer', 'another issuer');
  expect(report.mock.calls).toEqual([['expired at 0'], ['another issuer']]);
  limited('expired', 'expired later');
  expect(report.mock.calls.at(-1)).toEqual(['expired later']);
});

test('and all together twenty times a minute: a sender can make up as many kinds as it likes', () => {
  const report = vi.fn<(reason: string) => void>();
  const limited = limitReports(report);
  for (let made = 0; made < 500; made += 1) limited(`kind ${made}`, `reason ${made}`);
  expect(report).toHaveBeenCalledTimes(20);
  vi.advanceTimersByTime(60_000);
  for (let made = 500; made < 1000; made += 1) limited(`kind ${made}`, `reason ${made}`);
  expect(report).toHaveBeenCalledTimes(40);
});
