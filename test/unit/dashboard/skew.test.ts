import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSkew } from '../../../src/dashboard/skew.ts';

const noon = Date.parse('2030-01-01T12:00:00Z');

beforeEach(() => void vi.useFakeTimers({ now: noon }));
afterEach(() => void vi.useRealTimers());

const answerAt = (ms: number) => ({ headers: new Headers({ Date: new Date(ms).toUTCString() }) });

test('every response shows how far the clocks are apart; less than 2 s counts as no difference', () => {
  const { skewMs, learn } = createSkew();
  learn(answerAt(noon - 1000));
  expect(skewMs.value).toBe(0);
  learn(answerAt(noon + 60_000));
  expect(skewMs.value).toBe(60_000);
  learn(answerAt(noon + 61_000));
  expect(skewMs.value).toBe(60_000);
  // The browser's clock has been corrected.
  vi.setSystemTime(noon + 60_000);
  learn(answerAt(noon + 60_000));
  expect(skewMs.value).toBe(0);
});

test('a response without a valid Date header changes nothing', () => {
  const { skewMs, learn } = createSkew();
  learn(answerAt(noon + 60_000));
  learn({ headers: new Headers() });
  learn({ headers: new Headers({ Date: 'today' }) });
  expect(skewMs.value).toBe(60_000);
});
