/** The tables that `npm run bench -- --markdown` prints for docs/performance.md. */
import { expect, test } from 'vitest';
import { markdownOf, type Run } from '../../../bench/support/markdown.ts';

const run: Run = {
  commit: 'abc1234',
  machine: 'Node.js v20.20.0',
  started: '2030-01-01T00:00:00.000Z',
  rounds: 3,
  chosen: ['due'],
  figures: [
    {
      title: 'create',
      unit: 'per s',
      digits: 0,
      target: { atLeast: 1, of: 'celery', recorded: 242 },
      values: { bare: [1000, 500, 2000], taskbell: [1500, 1000, 3000] },
    },
    {
      title: '  idle after',
      unit: 's',
      reference: 'none',
      target: { atMost: 3, isPromise: true },
      values: { bare: [0.1], taskbell: [0.25] },
    },
  ],
};

test('a run becomes a table with the ratios to the bare workflow and the targets', () => {
  expect(markdownOf(run).split('\n')).toEqual([
    'Commit abc1234, 2030-01-01T00:00:00.000Z, 3 rounds, Node.js v20.20.0.',
    '',
    '| figure | taskbell | bare | ratio | target |',
    '| --- | --- | --- | --- | --- |',
    '| create, per s | 1,500 (1,000–3,000) | 1,000 (500–2,000) | 1.50 | ≥ 1 × celery |',
    '| … idle after, s | 0.3 | 0.1 |  | ≤ 3 s, each round |',
  ]);
});

test('the figures of peers have a table of their own', () => {
  const figures = [{ title: 'create', unit: 'per s', digits: 0, values: { taskbell: [3], celery: [2] } }];
  const tables = markdownOf({ ...run, figures }).split('\n\n');
  expect(tables.at(-1)?.split('\n')).toEqual([
    '| figure | taskbell | bare | celery |',
    '| --- | --- | --- | --- |',
    '| create, per s | 3 |  | 2 |',
  ]);
});
