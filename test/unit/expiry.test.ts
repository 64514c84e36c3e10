import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { atExpiry } from '../../src/bridge/expiry.ts';

const dayMs = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([0, 1, 24, 25, 90, 400])('a credential with %i days left ends after exactly that time', (days) => {
  const end = vi.fn<() => void>();
  atExpiry({ expiresAt: Date.now() + days * dayMs }, end);
  vi.advanceTimersByTime(Math.max(0, days * dayMs - 1));
  expect(end).toHaveBeenCalledTimes(days === 0 ? 1 : 0);
  vi.advanceTimersByTime(1);
  expect(end).toHaveBeenCalledTimes(1);
});

test('a credential without expiry never ends, and an expiry that was cleared never fires', () => {
  const end = vi.fn<() => void>();
  atExpiry({ expiresAt: null }, end);
  const clear = atExpiry({ expiresAt: Date.now() + 90 * dayMs }, end);
  vi.advanceTimersByTime(60 * dayMs);
  clear();
  vi.advanceTimersByTime(400 * dayMs);
  expect(end).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
