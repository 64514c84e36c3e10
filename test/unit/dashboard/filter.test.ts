import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filterPath, readFilter, withChanges } from '../../../src/dashboard/tasks/filter.ts';

const read = (query: string) => readFilter(new URLSearchParams(query));

test('parameters are read as the API reads them', () => {
  expect(read('status=FAILED,CANCELLED&tag=a&tag=b&name=Sum&type=echo&owner=x')).toEqual({
    filter: { status: ['FAILED', 'CANCELLED'], tag: ['a', 'b'], name: 'Sum', type: 'echo', owner: 'x' },
    problems: [],
  });
  expect(read('scheduled_after=2030-01-01T01:00:00%2B01:00').filter).toEqual({
    scheduled_after: '2030-01-01T00:00:00.000Z',
  });
});

test('invalid parameters are left out and named, and the others apply', () => {
  const { filter, problems } = read(
    'status=LATER&tag=ok&colour=red&created_before=2026-02-30T00:00:00Z&name=',
  );
  expect(filter).toEqual({ tag: ['ok'] });
  expect(problems).toHaveLength(3);
  expect(problems.join()).toMatch(/status.*colour.*created_before/);
});

test('any filter can be read back from its address', () => {
  const tag = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,10}$/);
  const filters = fc.record(
    {
      status: fc.uniqueArray(fc.constantFrom('SCHEDULED', 'RUNNING', 'FAILED'), { minLength: 1 }),
      tag: fc.uniqueArray(tag, { minLength: 1, maxLength: 5 }),
      name: fc.string({ minLength: 1, maxLength: 50, unit: 'grapheme' }),
      owner: fc.uuid(),
      created_after: fc
        .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(filters, (filter) => {
      const { search } = new URL(filterPath(filter), 'http://x');
      expect(read(search)).toEqual({ filter, problems: [] });
    }),
  );
});

test('an empty filter has the plain address, and commas stay readable', () => {
  expect(filterPath({})).toBe('/tasks');
  expect(filterPath({ status: ['FAILED', 'CANCELLED'] })).toBe('/tasks?status=FAILED,CANCELLED');
});

test('a change to an empty value removes the filter', () => {
  expect(withChanges({ name: 'a', type: 'echo' }, { name: '' })).toEqual({ type: 'echo' });
  expect(withChanges({ tag: ['a'] }, { tag: undefined, type: 'echo' })).toEqual({ type: 'echo' });
});
