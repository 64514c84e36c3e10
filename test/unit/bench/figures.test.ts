/** The figures of `npm run bench`: what is printed of them, and when a target is met. */
import { expect, test } from 'vitest';
import { type Figure, judge, linesOf, ratios, spread } from '../../../bench/support/figures.ts';
import { median, percentile } from '../../../bench/support/statistics.ts';

function aFigure(changes: Partial<Figure> = {}): Figure {
  return { title: 'CPU per task', unit: 'ms', values: { bare: [20, 30], taskbell: [10, 15] }, ...changes };
}

test('a percentile is the value below which the share of the values lies', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, 0.5)).toBe(51);
  expect(percentile(values, 0.99)).toBe(100);
  expect(percentile([7], 0.99)).toBe(7);
});

test('the median of an even number of values is the mean of the middle two', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test('ratios are taken round by round, and only of rounds that both have', () => {
  expect(ratios([10, 30, 50], [20, 30])).toEqual([0.5, 1]);
});

test('a spread has the median and the range, and a single value has none', () => {
  expect(spread([3, 1, 2], 1)).toBe('2.0 (1.0..3.0)');
  expect(spread([2], 0)).toBe('2');
  expect(spread([], 0)).toBe('–');
});

test('a relative target is met by the median of the ratios', () => {
  expect(judge(aFigure({ target: { atMost: 0.5, of: 'bare' } }))).toBe('met');
  expect(judge(aFigure({ target: { atMost: 0.49, of: 'bare' } }))).toBe('not met');
  expect(judge(aFigure({ target: { atLeast: 0.5, of: 'bare' } }))).toBe('met');
  expect(judge(aFigure({ target: { atLeast: 0.51, of: 'bare' } }))).toBe('not met');
});

test('an absolute target is met by the median', () => {
  expect(judge(aFigure({ target: { atMost: 12.5 } }))).toBe('met');
  expect(judge(aFigure({ target: { atMost: 12 } }))).toBe('not met');
});

test('a promise is kept only if the worst round keeps it', () => {
  expect(judge(aFigure({ target: { atMost: 12.5, isPromise: true } }))).toBe('not met');
  expect(judge(aFigure({ target: { atMost: 15, isPromise: true } }))).toBe('met');
  expect(judge(aFigure({ target: { atLeast: 12.5, isPromise: true } }))).toBe('not met');
  expect(judge(aFigure({ target: { atLeast: 10, isPromise: true } }))).toBe('met');
});

test('a recorded value takes the place of a contender that has not run', () => {
  const target = { atLeast: 1, of: 'celery', recorded: 12 };
  expect(judge(aFigure({ target }))).toBe('met');
  expect(judge(aFigure({ target, values: { taskbell: [12], celery: [13] } }))).toBe('not met');
  expect(judge(aFigure({ target: { atLeast: 1, of: 'celery' } }))).toBe('unknown');
});

test('each contender has a line, with its ratio to the reference and our target', () => {
  const [bare, own] = linesOf(aFigure({ target: { atMost: 0.75, of: 'bare' } }));
  expect(bare).toMatch(/^CPU per task, ms +bare +25\.0 \(20\.0\.\.30\.0\)$/);
  expect(own).toMatch(
    /^ +taskbell +12\.5 \(10\.0\.\.15\.0\) +0\.50 \(0\.50\.\.0\.50\) × bare +≤ 0\.75 × bare {2}✓ met$/,
  );
});
