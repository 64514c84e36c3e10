/** What the preview shows; test/e2e/schedule-times.test.ts compares its times with those of the server. */
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/contract/errors.ts';
import { previewInput } from '../../../src/contract/schedule.ts';
import { previewTimes } from '../../../src/schedules/preview.ts';
import { zoneOf } from '../../../src/schedules/zone.ts';

const now = Date.parse('2026-01-15T12:00:00Z');

function preview(when: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return previewTimes(previewInput.parse({ when, ...more }), now);
}

function errorsOf(when: Record<string, unknown>, more: Record<string, unknown> = {}) {
  try {
    preview(when, more);
  } catch (error) {
    if (error instanceof AppError) return error.errors;
    throw error;
  }
  throw new Error('It was accepted');
}

const locals = (when: Record<string, unknown>, from: string, count: number) =>
  preview(when, { from, count }).next.map(({ local, dst }) => (dst ? `${local} ${dst}` : local));

describe('around the hours in which clocks are turned', () => {
  test.each<[string, string, string, string[]]>([
    // Zone, a local time each day, an instant before clocks are turned back, and what follows.
    [
      'America/New_York',
      '30 1',
      '2026-10-31T12:00:00Z',
      [
        '2026-11-01T01:30:00-04:00 repeat_first',
        '2026-11-01T01:30:00-05:00 repeat_second',
        '2026-11-02T01:30:00-05:00',
      ],
    ],
    [
      'America/Santiago',
      '30 23',
      '2026-04-04T12:00:00Z',
      [
        '2026-04-04T23:30:00-03:00 repeat_first',
        '2026-04-04T23:30:00-04:00 repeat_second',
        '2026-04-05T23:30:00-04:00',
      ],
    ],
    [
      'America/St_Johns',
      '15 1',
      '2026-10-31T12:00:00Z',
      [
        '2026-11-01T01:15:00-02:30 repeat_first',
        '2026-11-01T01:15:00-03:30 repeat_second',
        '2026-11-02T01:15:00-03:30',
      ],
    ],
    [
      'America/Havana',
      '30 0',
      '2026-10-31T12:00:00Z',
      [
        '2026-11-01T00:30:00-04:00 repeat_first',
        '2026-11-01T00:30:00-05:00 repeat_second',
        '2026-11-02T00:30:00-05:00',
      ],
    ],
    [
      'Asia/Kolkata',
      '30 2',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T02:30:00+05:30', '2026-10-26T02:30:00+05:30', '2026-10-27T02:30:00+05:30'],
    ],
  ])('%s: %s comes twice when they are turned back', (timezone, time, from, expected) => {
    expect(locals({ cron: `${time} * * *`, timezone }, from, 3)).toEqual(expected);
  });

  test.each([
    ['Europe/Oslo', '30 2', '2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00'],
    ['Africa/Cairo', '30 23', '2026-10-29T23:30:00+03:00', '2026-10-29T23:30:00+02:00'],
    ['Australia/Lord_Howe', '45 1', '2026-04-05T01:45:00+11:00', '2026-04-05T01:45:00+10:30'],
  ])(
    '%s, in the east: of two times at %s, Temporal leaves out the first',
    (timezone, time, first, second) => {
      const { skipped, next, warnings } = preview({ cron: `${time} * * *`, timezone }, { count: 100 });
      const times = preview(
        { cron: `${time} * * *`, timezone },
        { from: `${first.slice(0, 10)}T00:00:00Z`, count: 1 },
      );
      expect(skipped).toContainEqual({ local: first, reason: 'left_out' });
      expect(next.map(({ local }) => local)).not.toContain(first);
      expect([...next, ...times.next]).toContainEqual(
        expect.objectContaining({ local: second, dst: 'repeat_second' }),
      );
      const shown = `${first.slice(0, 16).replace('T', ' ')} (UTC${first.slice(19)})`;
      expect(warnings).toContainEqual(`Temporal leaves out ${shown}, near a turn of the clocks.`);
    },
  );

  test.each(['Europe/Oslo', 'Africa/Cairo', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham'])(
    '%s: a schedule of every hour alike leaves out none and doubles none',
    (timezone) => {
      for (const cron of ['*/10 * * * *', '7 * * * *', '5,20,40 * * * *']) {
        const { skipped, warnings } = preview({ cron, timezone });
        expect({ skipped, warnings }).toEqual({ skipped: [], warnings: [] });
        const of = (month: string) => locals({ cron, timezone }, `2026-${month}-01T00:00:00Z`, 100);
        for (const month of ['03', '04', '09', '10', '11']) {
          for (const local of of(month))
            expect(local.slice(14, 16)).toMatch(cron === '7 * * * *' ? /07/ : /[0-5][0-9]/);
        }
      }
    },
  );

  test.each([
    ['America/Havana', '0 9 * * SUN', '2026-03-08T09:00:00-04:00'],
    ['America/Santiago', '0 9 * * SUN', '2026-09-06T09:00:00-03:00'],
  ])(
    '%s: if they are turned forward at midnight, Temporal leaves out a day of %s',
    (timezone, cron, local) => {
      const { skipped, next } = preview({ cron, timezone }, { count: 52 });
      expect(skipped).toContainEqual({ local, reason: 'left_out' });
      expect(next.map((each) => each.local)).not.toContain(local);
      expect(preview({ cron: '0 9 * * *', timezone }, { count: 100 }).skipped).toEqual([]);
    },
  );

  test('no time in an hour that is none of its own is found, when clocks are turned back', () => {
    // Temporal would run it at 02:30 as well.
    expect(locals({ cron: '30 1 * * *', timezone: 'Europe/Oslo' }, '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T01:30:00+02:00',
      '2026-10-26T01:30:00+01:00',
    ]);
  });

  test.each([
    ['Europe/Oslo', '30 2', '2026-03-29T02:30:00'],
    ['America/New_York', '30 2', '2026-03-08T02:30:00'],
    ['Australia/Lord_Howe', '15 2', '2026-10-04T02:15:00'],
    ['America/Santiago', '30 0', '2026-09-06T00:30:00'],
    ['Africa/Cairo', '0 0', '2026-04-24T00:00:00'],
    ['America/Havana', '30 0', '2026-03-08T00:30:00'],
    ['Pacific/Chatham', '0 3', '2026-09-27T03:00:00'],
    ['Asia/Beirut', '30 0', '2026-03-29T00:30:00'],
  ])('%s: %s does not exist when they are turned forward', (timezone, time, local) => {
    const { skipped, next, warnings } = preview({ cron: `${time} * * *`, timezone }, { count: 100 });
    expect(skipped.find(({ reason }) => reason === 'gap')).toEqual({ local, reason: 'gap' });
    expect(next.map((each) => each.local.slice(0, 19))).not.toContain(local);
    expect(warnings).toContainEqual(
      `${local.slice(0, 16).replace('T', ' ')} does not exist, since clocks are turned forward: it does not run then.`,
    );
  });

  test('the clocks of a zone are turned at the same instants as in its own records', () => {
    const zone = zoneOf('Europe/Oslo');
    const at = (text: string): number => Date.parse(text) / 1000;
    expect(zone?.transitions(at('2026-01-01T00:00:00Z'), at('2027-01-01T00:00:00Z'))).toEqual([
      { at: at('2026-03-29T01:00:00Z'), before: 3600, after: 7200 },
      { at: at('2026-10-25T01:00:00Z'), before: 7200, after: 3600 },
    ]);
    // A whole day was left out.
    expect(
      zoneOf('Pacific/Apia')?.transitions(at('2011-12-01T00:00:00Z'), at('2012-01-02T00:00:00Z')),
    ).toEqual([{ at: at('2011-12-30T10:00:00Z'), before: -36_000, after: 50_400 }]);
  });
});

test.each<[Record<string, unknown>, string]>([
  [{ cron: '0 9 * * MON-FRI', timezone: 'Europe/Oslo' }, 'Every weekday at 09:00, Oslo time'],
  [{ cron: '30 7 * * *' }, 'Every day at 07:30, UTC'],
  [
    { cron: '0 9 * * 1,4', timezone: 'America/New_York' },
    'Every Monday and Thursday at 09:00, New York time',
  ],
  [{ cron: '0 9 L * *', timezone: 'Etc/GMT-1' }, 'At 09:00, on the last day of the month, Etc/GMT-1'],
  [{ cron: '0 9 13 * FRI' }, 'At 09:00, on day 13 of the month, and on Friday, UTC'],
  [{ cron: '0 9 13 * FRI', day_match: 'and' }, 'At 09:00, on day 13 of the month, but only on Friday, UTC'],
  [{ cron: '15 30 9 * * *', seconds: true }, 'Every day at 09:30:15, UTC'],
  [{ cron: '@hourly' }, 'Every hour, UTC'],
  [{ every: [{ seconds: 5400 }], timezone: 'Europe/Oslo' }, 'Every 90 minutes'],
  [{ every: [{ seconds: 86_400 }] }, 'Every day'],
  [{ cron: ['0 9 * * *', '0 17 * * *'] }, 'Every day at 09:00; every day at 17:00, UTC'],
  [{ calendar: [{ hour: 9, day_of_week: 'MON' }] }, 'At hour 9, minute 0, day of the week MON, UTC'],
  [{ calendar: [{ hour: 9, comment: 'Opening time' }] }, 'Opening time, UTC'],
])('%j in words is %j', (when, words) => {
  expect(preview(when).words).toBe(words);
});

test.each<[Record<string, unknown>, string, string | RegExp]>([
  [{}, '/when', 'Give at least one time, in "cron", "every" or "calendar".'],
  [{ cron: '0 0 30 2 *' }, '/when', 'None of its times is in the future: it never comes.'],
  [{ cron: '0 9 * * *', end_at: '2026-01-15T13:00:00Z' }, '/when', /never comes/],
  [{ calendar: [{ year: 2020 }] }, '/when', /never comes/],
  [{ cron: ['0 9 * * *', '0 25 * * *'] }, '/when/cron/1', /"25" is not an hour/],
  [{ cron: '0 9 1-7 * 5L', day_match: 'and' }, '/when/cron/0', 'This time never comes.'],
  [{ cron: '0 9 * * *', timezone: 'Mars/Olympus' }, '/when/timezone', /"Mars\/Olympus" is no time zone/],
  [{ cron: '0 9 * * *', timezone: 'Local' }, '/when/timezone', /is no time zone/],
  [{ cron: '0 9 * * *', timezone: '' }, '/when/timezone', /is no time zone/],
  [{ cron: '0 9 * * *', timezone: '+05:30' }, '/when/timezone', /An offset is no time zone/],
  [{ cron: '0 9 * * *', timezone: 'UTC+1' }, '/when/timezone', /An offset is no time zone/],
  [
    { calendar: [{ day_of_week: 'FUNDAY' }] },
    '/when/calendar/0/day_of_week',
    /"FUNDAY" is not a day of the week/,
  ],
  [{ calendar: [{ year: '2030-2020' }] }, '/when/calendar/0/year', /ends before it starts/],
  [{ cron: '0 9 * * *', skip: ['2026-12-25', { hour: 99 }] }, '/when/skip/1/hour', /"99" is not an hour/],
  [
    { cron: '0 9 * * *', skip: [{ from: '2026-12-31', to: '2026-12-01' }] },
    '/when/skip/0/to',
    'Ends before "from".',
  ],
  [
    { cron: '0 9 * * *', start_at: '2027-01-01T00:00:00Z', end_at: '2026-06-01T00:00:00Z' },
    '/when/end_at',
    'Ends before "start_at".',
  ],
  [
    { cron: '* * * * *', skip: [{}] },
    '/when/skip',
    /Too many times in a row are skipped, from 2026-01-15T12:01:00/,
  ],
  [{ cron: '* 0-22 * * *', skip: [{ year: '2027' }] }, '/when/skip', /from 2027-01-01T00:00:00/],
  [{ cron: '* * * * *', skip: [{ month: 'FEB-JUN' }] }, '/when/skip', /from 2026-02-01T00:00:00/],
  [
    { cron: '* * * * *', skip: [{ from: '2028-01-01', to: '2028-12-31' }] },
    '/when/skip',
    /from 2028-01-01T00:00:00/,
  ],
])('%j is rejected at %s', (when, pointer, message) => {
  expect(errorsOf(when)).toEqual([{ pointer, message: expect.stringMatching(message) as string }]);
});

test('long periods are skipped year after year, as long as none has too many times', () => {
  const years = Array.from({ length: 50 }, (_, index) => 2030 + index);
  const skip = years.map((year) => ({ from: `${year}-01-01`, to: `${year}-03-01` }));
  expect(preview({ cron: '* 0-22 * * *', skip }).next).toHaveLength(10);
  expect(preview({ cron: '0 9 * * *', skip: [{ year: '2027-2050' }] }).next).toHaveLength(10);
});

test('every wrong field is reported at once', () => {
  const errors = errorsOf({ cron: ['x * * * *', '0 9 * * *', '* * * *'], timezone: 'Nowhere' });
  expect(errors.map(({ pointer }) => pointer)).toEqual(['/when/timezone', '/when/cron/0', '/when/cron/2']);
});

test('a zone may be written in any case, and is named as in the database', () => {
  expect(preview({ cron: '0 9 * * *', timezone: 'europe/OSLO' }).timezone).toBe('Europe/Oslo');
  expect(preview({ cron: '0 9 * * *', timezone: 'utc' }).timezone).toBe('UTC');
});

describe('times', () => {
  test('that are skipped by date, range or calendar are left out', () => {
    const skip = ['2026-01-16', { from: '2026-01-18', to: '2026-02-01' }, { day_of_week: 'TUE' }];
    expect(locals({ cron: '0 9 * * *', skip }, '2026-01-15T12:00:00Z', 4)).toEqual([
      '2026-01-17T09:00:00+00:00',
      '2026-02-02T09:00:00+00:00',
      '2026-02-04T09:00:00+00:00',
      '2026-02-05T09:00:00+00:00',
    ]);
  });

  test('lie between start and end, both included', () => {
    const when = { every: [{ seconds: 3600, anchor: '2026-01-01T00:30:00Z' }] };
    const bounded = { ...when, start_at: '2026-02-01T00:30:00Z', end_at: '2026-02-01T02:30:00Z' };
    expect(locals(bounded, '2026-01-15T12:00:00Z', 9)).toEqual([
      '2026-02-01T00:30:00+00:00',
      '2026-02-01T01:30:00+00:00',
      '2026-02-01T02:30:00+00:00',
    ]);
  });

  test('of several kinds come in order, and each once', () => {
    const when = { cron: ['0 9 * * *', '0 9,10 * * *'], calendar: [{ hour: 8 }] };
    expect(locals(when, '2026-01-16T00:00:00Z', 4)).toEqual([
      '2026-01-16T08:00:00+00:00',
      '2026-01-16T09:00:00+00:00',
      '2026-01-16T10:00:00+00:00',
      '2026-01-17T08:00:00+00:00',
    ]);
  });

  test('of an interval without an anchor are counted from now', () => {
    expect(preview({ every: [{ seconds: 7000 }] }, { count: 1 }).next[0]?.at).toBe(
      '2026-01-15T13:56:40.000Z',
    );
  });

  test('have a smallest gap, which may be in the hour that comes twice', () => {
    expect(preview({ cron: '0 9 * * MON,TUE' }).min_gap).toBe(86_400);
    expect(
      preview({ cron: '30 1 * * *', timezone: 'America/New_York' }, { from: '2026-10-20T00:00:00Z' }).min_gap,
    ).toBe(3600);
    expect(preview({ cron: '0 9 1 1 *', end_at: '2027-06-01T00:00:00Z' }).min_gap).toBeNull();
  });
});

test.each<[Record<string, unknown>, RegExp]>([
  [{ cron: '0 9 13 * FRI' }, /as in crontab\. If both must match, set "day_match" to "and"/],
  [{ cron: '0 9 31 * *' }, /does not run in months without a day 31\. The last day of each month is L/],
  [{ cron: '*/7 * * * *' }, /starts again with each hour, so its last gap is 4 minutes/],
  [{ cron: '0 */5 * * *' }, /starts again with each day, so its last gap is 4 hours/],
  [{ every: [{ seconds: 86_400 }], timezone: 'Europe/Oslo' }, /do not follow the time zone/],
])('%j is warned about', (when, warning) => {
  expect(preview(when).warnings).toEqual([expect.stringMatching(warning)]);
});

test.each([
  { cron: '0 9 * * MON-FRI', timezone: 'Europe/Oslo' },
  { cron: '*/5 * * * *' },
  { cron: '0 9 13 * FRI', day_match: 'and' },
  { cron: '0 9 */2 * FRI' },
])('%j is not warned about', (when) => {
  expect(preview(when).warnings).toEqual([]);
});
