/** The two fields of days, with what no other field has: the last days of a month, and the nth of a weekday. */
import { type Calendar, both, numbers } from './calendar.ts';
import { fieldRules, NotUnderstood, parseElement, parseValue } from './field.ts';

/** A restriction of the fields of days, months and years. */
type Days = Partial<Calendar>;

/**
 * What one of the two fields of days says: it matches if one of `any` does. Undefined if it says nothing, as `*` does.
 */
export type DayField = readonly Days[] | undefined;

const leapYears = new Set(numbers(2000, 2096, 4));
const otherYears = new Set(numbers(2000, 2100).filter((year) => !leapYears.has(year)));

/** The lengths of months, and the months and years that have them. */
const lengths: readonly { readonly length: number; readonly of: Days }[] = [
  { length: 31, of: { month: new Set([1, 3, 5, 7, 8, 10, 12]) } },
  { length: 30, of: { month: new Set([4, 6, 9, 11]) } },
  { length: 28, of: { month: new Set([2]), year: otherYears } },
  { length: 29, of: { month: new Set([2]), year: leapYears } },
];

/** Returns the days from `first` to `last` before the end of each month, where 0 is its last day. */
function beforeEnd(first: number, last = first): Days[] {
  return lengths.map(({ length, of }) => ({
    ...of,
    day_of_month: new Set(numbers(length - first, length - last)),
  }));
}

/** Parses a field of days of the month. @throws NotUnderstood */
export function parseDaysOfMonth(text: string): DayField {
  if (restrictsNothing(text)) return undefined;
  return parseDays(text, 'day_of_month', (element) => {
    if (/^L$/i.test(element)) return beforeEnd(0);
    const [, before] = /^L-(\d{1,2})$/i.exec(element) ?? [];
    if (before !== undefined) {
      if (Number(before) < 1 || Number(before) > 27)
        throw new NotUnderstood(`"${element}": 1 to 27 days before the last one can be given.`);
      return beforeEnd(Number(before));
    }
    if (/W/i.test(element)) {
      throw new NotUnderstood(
        `"${element}": W, the nearest weekday, is not supported. Name the days of the week in the last field.`,
      );
    }
    return undefined;
  });
}

/** Parses a field of days of the week. @throws NotUnderstood */
export function parseDaysOfWeek(text: string): DayField {
  if (restrictsNothing(text)) return undefined;
  return parseDays(text, 'day_of_week', (element) => {
    const [, day = '', nth = ''] = /^([A-Z0-9]+)#(.*)$/i.exec(element) ?? [];
    if (day !== '') {
      if (!/^[1-5]$/.test(nth))
        throw new NotUnderstood(`"${element}": after "#" comes a number from 1 to 5.`);
      const to = Math.min(7 * Number(nth), 31);
      const inWeek = new Set(numbers(7 * Number(nth) - 6, to));
      return [{ day_of_week: dayOfWeek(day, element), day_of_month: inWeek }];
    }
    if (/^L$/i.test(element)) {
      throw new NotUnderstood('"L" alone is no day of the week. Write 5L or FRIL for the last Friday, say.');
    }
    const [, last = ''] = /^(\d|SUN|MON|TUE|WED|THU|FRI|SAT)L$/i.exec(element) ?? [];
    if (last === '') return undefined;
    return beforeEnd(6, 0).map((days) => ({ ...days, day_of_week: dayOfWeek(last, element) }));
  });
}

function dayOfWeek(text: string, within: string): ReadonlySet<number> {
  return new Set([parseValue(text, within, fieldRules.day_of_week) % 7]);
}

/** Returns whether a field is one of those that crontab(5) does not count as restricted by itself. */
function restrictsNothing(text: string): boolean {
  return text === '*' || text === '?';
}

function parseDays(
  text: string,
  name: 'day_of_month' | 'day_of_week',
  special: (element: string) => readonly Days[] | undefined,
): readonly Days[] {
  const plain = new Set<number>();
  const any: Days[] = [];
  for (const element of text.split(',')) {
    const found = special(element);
    if (found) any.push(...found);
    else for (const value of parseElement(element, fieldRules[name])) plain.add(value);
  }
  return plain.size > 0 ? [{ [name]: plain }, ...any] : any;
}

/** Returns alternatives that together match what both fields match. */
export function matchingBoth(one: DayField, other: DayField): readonly Days[] {
  const pairs = (one ?? [{}]).flatMap((first) => (other ?? [{}]).map((second) => both(first, second)));
  return pairs.filter((days) => days !== undefined);
}

/** Returns alternatives that together match what one of the fields matches. */
export function matchingEither(one: DayField, other: DayField): readonly Days[] {
  return one && other ? [...one, ...other] : matchingBoth(one, other);
}
