/** What cron expressions match, and what is said of those that are not understood. */
import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allValues, type Calendar, rangesOf } from '../../../src/schedules/calendar.ts';
import { whenInput } from '../../../src/contract/schedule.ts';
import { compileWhen } from '../../../src/schedules/compile.ts';
import { timesAfter } from '../../../src/schedules/times.ts';
import { compileCron } from '../../../src/schedules/cron.ts';
import { NotUnderstood } from '../../../src/schedules/field.ts';

const options = { seconds: false, dayMatch: 'or' } as const;

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  /** Number of days in its month. */
  readonly length: number;
}

/** All days of thirty years, with leap years and a February of 28 days that begins on each day of the week. */
const days: readonly Day[] = Array.from(
  (function* () {
    for (let ms = Date.UTC(2020, 0, 1); ms < Date.UTC(2050, 0, 1); ms += 86_400_000) {
      const date = new Date(ms);
      const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
      const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
      yield { year, month, day: date.getUTCDate(), weekday: date.getUTCDay(), length };
    }
  })(),
);

function matchesDay(calendars: readonly Partial<Calendar>[], { year, month, day, weekday }: Day): boolean {
  return calendars.some((calendar) => {
    const all = { ...allValues, ...calendar };
    return (
      all.year.has(year) && all.month.has(month) && all.day_of_month.has(day) && all.day_of_week.has(weekday)
    );
  });
}

const isLast = ({ day, length }: Day): boolean => day === length;
const isFriday = ({ weekday }: Day): boolean => weekday === 5;

describe('a cron expression matches the days that it says', () => {
  test.each<[string, (day: Day) => boolean]>([
    ['0 9 * * *', () => true],
    ['0 9 1 * *', ({ day }) => day === 1],
    ['0 9 * * MON-FRI', ({ weekday }) => weekday >= 1 && weekday <= 5],
    ['0 9 * * mon-fri', ({ weekday }) => weekday >= 1 && weekday <= 5],
    ['0 9 * * FRI-MON', ({ weekday }) => [5, 6, 0, 1].includes(weekday)],
    ['0 9 * * 7', ({ weekday }) => weekday === 0],
    ['0 9 * * 5-7', ({ weekday }) => [5, 6, 0].includes(weekday)],
    ['0 9 * * 0-7', () => true],
    ['0 9 * * 1-7/2', ({ weekday }) => [1, 3, 5, 0].includes(weekday)],
    ['0 9 * * sunday,6', ({ weekday }) => [0, 6].includes(weekday)],
    ['0 9 28-3 * *', ({ day }) => day >= 28 || day <= 3],
    ['0 9 * NOV-FEB *', ({ month }) => month >= 11 || month <= 2],
    ['0 9 */10 * *', ({ day }) => [1, 11, 21, 31].includes(day)],
    ['0 9 5/10 * *', ({ day }) => [5, 15, 25].includes(day)],
    ['0 9 L * *', isLast],
    ['0 9 L-2 * *', ({ day, length }) => day === length - 2],
    ['0 9 1,L * *', (day) => day.day === 1 || isLast(day)],
    ['0 9 L 2 *', (day) => day.month === 2 && isLast(day)],
    ['0 9 * * 5L', (day) => isFriday(day) && day.day > day.length - 7],
    ['0 9 * * FRIL', (day) => isFriday(day) && day.day > day.length - 7],
    ['0 9 * * MON#3', ({ weekday, day }) => weekday === 1 && day >= 15 && day <= 21],
    ['0 9 * * 1#5', ({ weekday, day }) => weekday === 1 && day >= 29],
    ['0 9 * * 0#1,6', ({ weekday, day }) => (weekday === 0 && day <= 7) || weekday === 6],
    ['0 9 13 * FRI', (day) => day.day === 13 || isFriday(day)],
    ['0 9 L * FRI', (day) => isLast(day) || isFriday(day)],
    // A field that begins with a star restricts nothing by itself, but takes part.
    ['0 9 */2 * FRI', (day) => day.day % 2 === 1 && isFriday(day)],
    ['0 9 ? * FRI', isFriday],
    ['0 9 29 2 *', ({ month, day }) => month === 2 && day === 29],
    ['@monthly', ({ day }) => day === 1],
    ['@Weekly', ({ weekday }) => weekday === 0],
  ])('%s', (text, isMatch) => {
    const calendars = compileCron(text, options);
    expect(days.filter((day) => matchesDay(calendars, day))).toEqual(days.filter(isMatch));
  });

  test('both of its fields of days, if it is asked for', () => {
    const matched = (text: string): Day[] => {
      const calendars = compileCron(text, { ...options, dayMatch: 'and' });
      return days.filter((day) => matchesDay(calendars, day));
    };
    expect(matched('0 9 13 * FRI')).toEqual(days.filter((day) => day.day === 13 && isFriday(day)));
    expect(matched('0 9 L * 5')).toEqual(days.filter((day) => isLast(day) && isFriday(day)));
    expect(matched('0 9 1-7 * 5L')).toEqual([]);
  });
});

test('the time of day has lists, steps and ranges that wrap, and seconds if it is asked for', () => {
  const [calendar] = compileCron('*/20,59 22-1 * * *', options);
  expect([...(calendar?.minute ?? [])]).toEqual([0, 20, 40, 59]);
  expect([...(calendar?.hour ?? [])]).toEqual([22, 23, 0, 1]);
  expect([...(calendar?.second ?? [])]).toEqual([0]);
  const [withSeconds] = compileCron('30/15 0 9 * * *', { ...options, seconds: true });
  expect([...(withSeconds?.second ?? [])]).toEqual([30, 45]);
});

test('in UTC, the next times are those of another implementation', () => {
  const part = (min: number, max: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc.integer({ min: 2, max: 9 }).map((step) => `*/${step}`),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    );
  // Where a field of days has a step of all days, crontab(5) and croner differ in which days match.
  const day = (min: number, max: number): fc.Arbitrary<string> =>
    part(min, max).filter((text) => !text.startsWith('*/'));
  const expression = fc
    .tuple(part(0, 59), part(0, 23), fc.oneof(day(1, 31), fc.constant('L')), part(1, 12), day(0, 6))
    .map((parts) => parts.join(' '));
  const from = Date.UTC(2026, 0, 15);
  fc.assert(
    fc.property(expression, (text) => {
      const when = compileWhen(whenInput.parse({ cron: text }), '', from);
      const ours: string[] = [];
      for (const at of timesAfter(when, from / 1000)) {
        ours.push(new Date(at * 1000).toISOString());
        if (ours.length === 20) break;
      }
      const theirs = new Cron(text, { timezone: 'UTC' }).nextRuns(20, new Date(from));
      expect(ours).toEqual(theirs.map((date) => date.toISOString()).slice(0, ours.length));
      expect(ours.length).toBe(theirs.length);
    }),
  );
});

test.each([
  ['61 * * * *', '"61" is not a minute. Use 0 to 59.'],
  ['* 24 * * *', '"24" is not an hour. Use 0 to 23.'],
  ['* * 0 * *', '"0" is not a day of the month. Use 1 to 31, or L for the last one.'],
  ['* * * 13 *', '"13" is not a month. Use 1 to 12, or JAN to DEC.'],
  ['* * * * 8', '"8" is not a day of the week. Use 0 to 6, or SUN to SAT.'],
  ['* * * * MON-XYZ', '"XYZ" in "MON-XYZ" is not a day of the week. Use 0 to 6, or SUN to SAT.'],
  ['*/0 * * * *', '"*/0": after "/" comes a step, a number from 1.'],
  ['1//2 * * * *', '"1//2" has more than one "/".'],
  ['1-2-3 * * * *', '"1-2-3" has more than one "-".'],
  ['1,, * * * *', '"" is not a minute. Use 0 to 59.'],
  [
    '* * 15W * *',
    '"15W": W, the nearest weekday, is not supported. Name the days of the week in the last field.',
  ],
  ['* * L-0 * *', '"L-0": 1 to 27 days before the last one can be given.'],
  ['* * * * L', '"L" alone is no day of the week. Write 5L or FRIL for the last Friday, say.'],
  ['* * * * 1#6', '"1#6": after "#" comes a number from 1 to 5.'],
  ['* * * *', 'Expected 5 fields (minute, hour, day of month, month, day of week), but found 4.'],
  ['', 'Expected 5 fields (minute, hour, day of month, month, day of week), but found 0.'],
  ['TZ=UTC * * * * *', 'The time zone does not belong here: give it as "timezone".'],
  ['@every 5m', 'Give intervals as "every": [{"seconds": 300}].'],
  ['@reboot', '"@reboot" is no time: a schedule outlives restarts.'],
  [
    '@fortnightly',
    '"@fortnightly" is unknown. Known are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly.',
  ],
])('%j is rejected: %s', (text, message) => {
  expect(() => compileCron(text, options)).toThrow(new NotUnderstood(message));
});

test('six fields are rejected unless seconds are asked for, and then five are', () => {
  expect(() => compileCron('0 0 9 * * *', options)).toThrow(
    /found 6\. If the first of the six is the second/,
  );
  expect(() => compileCron('0 9 * * *', { ...options, seconds: true })).toThrow(
    /Expected 6 fields \(second, /,
  );
});

test('a set of values is written as ranges that have exactly these values', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1 }), (values) => {
      const ranges = rangesOf(new Set(values));
      const written = ranges.flatMap(({ start, end, step }) =>
        Array.from({ length: (end - start) / step + 1 }, (_, index) => start + index * step),
      );
      expect(written).toEqual([...values].sort((a, b) => a - b));
    }),
  );
  expect(rangesOf(new Set([0, 15, 30, 45]))).toEqual([{ start: 0, end: 45, step: 15 }]);
});
