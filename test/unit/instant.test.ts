import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantInput, parseInstant } from '../../src/contract/instant.ts';

const two = (value: number): string => String(value).padStart(2, '0');

const offset = fc.oneof(
  fc.constantFrom('Z', '+00:00', '-00:00', '+23:59', '-23:59', '+05:30'),
  fc
    .tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map(([sign, hours, minutes]) => `${sign}${two(hours)}:${two(minutes)}`),
);

/** Any date and time in the years 1 to 9998, with any UTC offset. */
const dateTime = fc.record({
  local: fc
    .date({
      min: new Date('0001-01-02T00:00:00Z'),
      max: new Date('9998-12-30T00:00:00Z'),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString().slice(0, 19)),
  fraction: fc.option(
    fc.integer({ min: 0, max: 999 }).map((ms) => `.${String(ms).padStart(3, '0')}`),
    {
      nil: '',
    },
  ),
  offset,
});

test('reads every date and time of the calendar as Date does', () => {
  fc.assert(
    fc.property(dateTime, ({ local, fraction, offset }) => {
      const text = `${local}${fraction}${offset}`;
      expect(parseInstant(text)).toBe(Date.parse(text));
    }),
    { numRuns: 2000 },
  );
});

test('gives the same instant whatever separates date and time, and however a zero offset is written', () => {
  fc.assert(
    fc.property(dateTime, ({ local, fraction }) => {
      const expected = parseInstant(`${local}${fraction}Z`);
      expect(parseInstant(`${local.replace('T', ' ')}${fraction}z`)).toBe(expected);
      expect(parseInstant(`${local.replace('T', 't')}${fraction}+00:00`)).toBe(expected);
    }),
  );
});

test('gives the same instant for an offset without a colon, and without minutes that are zero', () => {
  const sign = fc.constantFrom('+', '-');
  const hours = fc.integer({ min: 0, max: 23 }).map(two);
  fc.assert(
    fc.property(dateTime, sign, hours, fc.integer({ min: 0, max: 59 }), ({ local }, sign, hours, minutes) => {
      const expected = Date.parse(`${local}${sign}${hours}:${two(minutes)}`);
      expect(parseInstant(`${local}${sign}${hours}${two(minutes)}`)).toBe(expected);
      expect(parseInstant(`${local}${sign}${hours}`)).toBe(Date.parse(`${local}${sign}${hours}:00`));
    }),
  );
});

test('accepts a time without seconds, and rounds fractions of a millisecond up, so that nothing runs early', () => {
  fc.assert(
    fc.property(dateTime, fc.integer({ min: 1, max: 999_999_999 }), ({ local }, nanos) => {
      const start = Date.parse(`${local}Z`);
      expect(parseInstant(`${local.slice(0, 16)}Z`)).toBe(Date.parse(`${local.slice(0, 16)}:00Z`));
      const ms = (parseInstant(`${local}.${String(nanos).padStart(9, '0')}Z`) ?? 0) - start;
      expect(ms).toBe(Math.ceil(nanos / 1e6));
    }),
  );
});

const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

test('rejects exactly the days that do not exist', () => {
  const part = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9999 }), part(13), part(33), (year, month, day) => {
      const leap = month === 2 && ((year % 4 === 0 && year % 100 !== 0) || year % 400 === 0);
      const exists = day >= 1 && day <= (lengths[month - 1] ?? 0) + (leap ? 1 : 0);
      const text = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T12:00:00Z`;
      expect(parseInstant(text) !== undefined, text).toBe(exists);
    }),
    { numRuns: 3000 },
  );
});

test('rejects exactly the times of day and offsets that do not exist', () => {
  const part = fc.integer({ min: 0, max: 99 });
  fc.assert(
    fc.property(part, part, part, part, part, (hour, minute, second, offsetHour, offsetMinute) => {
      const text = `2028-02-29T${two(hour)}:${two(minute)}:${two(second)}-${two(offsetHour)}:${two(offsetMinute)}`;
      const exists = [hour < 24, minute < 60, second < 60, offsetHour < 24, offsetMinute < 60].every(Boolean);
      expect(parseInstant(text) !== undefined, text).toBe(exists);
    }),
    { numRuns: 3000 },
  );
});

/** A change of a few characters: some inserted, removed or replaced. */
const mutation = fc.record({
  at: fc.nat(30),
  remove: fc.nat(2),
  insert: fc.oneof(
    fc.constantFrom(...Array.from('0123456789-+:.TtZz ,/\u0000\n')),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
});

test('never throws on a damaged text; one that is still accepted gives the same instant when written in UTC', () => {
  fc.assert(
    fc.property(
      dateTime,
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      ({ local, fraction, offset }, mutations) => {
        let text = `${local}${fraction}${offset}`;
        for (const { at, remove, insert } of mutations) {
          text = text.slice(0, at) + insert + text.slice(at + remove);
        }
        const ms = parseInstant(text);
        const parsed = instantInput.safeParse(text);
        expect(parsed.success).toBe(ms !== undefined);
        if (ms === undefined || ms < 0) return;
        expect(Number.isInteger(ms)).toBe(true);
        expect(parseInstant(new Date(ms).toISOString())).toBe(ms);
        // The minute that was read is the minute that was written: nothing has rolled over.
        const [, sign = '+', hours = '0', minutes = '0'] =
          /([+-])(\d\d)(?::?(\d\d))?$/.exec(text.slice(11)) ?? [];
        const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
        const wall = new Date(Math.floor((ms + offsetMs) / 1000) * 1000).toISOString();
        const written = `${text.slice(0, 10)}T${text.slice(11, 16)}`;
        expect([wall.slice(0, 16), new Date(Date.parse(wall) - 1).toISOString().slice(0, 16)]).toContain(
          written,
        );
      },
    ),
    { numRuns: 5000 },
  );
});

test.each([
  ['2030-02-28T10:00', 'Datetime has no offset. End it with Z or an offset such as +05:30.'],
  ['2030-02-28T10:00:00.123', 'Datetime has no offset. End it with Z or an offset such as +05:30.'],
  ['2030-02-30T10:00', expect.stringContaining('Datetime has wrong format.')],
  ['2030-02-30T10:00Z', expect.stringContaining('Datetime has wrong format.')],
  ['2030-06-30T23:59:60Z', expect.stringContaining('Datetime has wrong format.')],
  ['2030-06-30T24:00:00Z', expect.stringContaining('Datetime has wrong format.')],
  ['+002030-06-30T12:00:00Z', expect.stringContaining('Datetime has wrong format.')],
  ['２０３０-06-30T12:00:00Z', expect.stringContaining('Datetime has wrong format.')],
  ['2030-02-28T10:00+1', expect.stringContaining('Datetime has wrong format.')],
  ['2030-02-28T10:00+01:', expect.stringContaining('Datetime has wrong format.')],
  ['2030-02-28T10:00+010', expect.stringContaining('Datetime has wrong format.')],
  ['2030-02-28T10:00+2400', expect.stringContaining('Datetime has wrong format.')],
  ['2030-02-28T10:00+99', expect.stringContaining('Datetime has wrong format.')],
  ['', expect.stringContaining('Datetime has wrong format.')],
])('says why %j is rejected', (text, message) => {
  const { error } = instantInput.safeParse(text);
  expect(error?.issues).toMatchObject([{ message }]);
});

test('converts an instant to UTC with milliseconds', () => {
  expect(instantInput.parse('2030-01-31T09:30+05:30')).toBe('2030-01-31T04:00:00.000Z');
  expect(instantInput.parse('2030-12-31t23:59:59.9999z')).toBe('2031-01-01T00:00:00.000Z');
});

test.each(['0000-01-01T00:00:00+01:00', '9999-12-31T23:59:59-01:00'])(
  'rejects %s, which cannot be written with a four-digit year in UTC',
  (text) => {
    expect(parseInstant(text)).toBeUndefined();
  },
);

test.each([
  '2030-01-31T09:30:00 05:30',
  '2030-01-31 09:30 00:00',
  '2030-01-31T09:30:00.123 05:30',
  '2030-01-31T09:30:00 0530',
  '2030-01-31T09:30:00 05',
])('says of %s, in which a plus has become a space, how to write it in a URL', (text) => {
  const { error } = instantInput.safeParse(text);
  expect(error?.issues).toMatchObject([
    { message: 'Datetime has a space before its offset. In a URL, write the plus as %2B.' },
  ]);
});

test.each(['2030-01-31 09:30', '2030-01-31 25:30', '05:30'])('does not say so of %s', (text) => {
  expect(instantInput.safeParse(text).error?.issues[0]?.message).not.toContain('%2B');
});
