/** Calendars as Temporal has them: a time matches if all of its fields do. */

/** Field names, from the longest unit to the shortest; the day of the week beside the day of the month. */
export const fieldNames = [
  'year',
  'month',
  'day_of_month',
  'day_of_week',
  'hour',
  'minute',
  'second',
] as const;
export type FieldName = (typeof fieldNames)[number];

/** The values of each field that match. Months and days of the month start at 1, days of the week at 0, which is Sunday. */
export type Calendar = Readonly<Record<FieldName, ReadonlySet<number>>>;

/** Smallest and greatest value of each field. Temporal knows no other years. */
export const bounds: Readonly<Record<FieldName, readonly [number, number]>> = {
  year: [2000, 2100],
  month: [1, 12],
  day_of_month: [1, 31],
  day_of_week: [0, 6],
  hour: [0, 23],
  minute: [0, 59],
  second: [0, 59],
};

/** Returns the whole numbers from `first` to `last`. */
export function numbers(first: number, last: number, step = 1): number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
}

export const allValues = Object.fromEntries(
  fieldNames.map((name) => [name, new Set(numbers(...bounds[name]))]),
) as unknown as Calendar;

export function isEveryValue(name: FieldName, values: ReadonlySet<number>): boolean {
  return values.size === allValues[name].size;
}

/** Returns the calendar that matches what both match, given as far as they are restricted; undefined if that is nothing. */
export function both(one: Partial<Calendar>, other: Partial<Calendar>): Partial<Calendar> | undefined {
  const result: Partial<Record<FieldName, ReadonlySet<number>>> = { ...one };
  for (const name of fieldNames) {
    const values = other[name];
    if (!values) continue;
    const before = one[name] ?? allValues[name];
    const common = new Set([...before].filter((value) => values.has(value)));
    if (common.size === 0) return undefined;
    result[name] = common;
  }
  return result;
}

/** A range of Temporal's: from `start` to `end`, both included. */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Returns the ranges that have exactly these values: one, if their differences are equal. */
export function rangesOf(values: ReadonlySet<number>): Range[] {
  const sorted = [...values].sort((a, b) => a - b);
  const [first, second] = sorted;
  if (first === undefined) return [];
  const step = (second ?? first + 1) - first;
  const isProgression = sorted.every((value, index) => value === first + index * step);
  if (isProgression) return [{ start: first, end: sorted.at(-1) ?? first, step }];
  const ranges: { start: number; end: number; step: number }[] = [];
  for (const value of sorted) {
    const last = ranges.at(-1);
    if (last && last.end === value - 1) last.end = value;
    else ranges.push({ start: value, end: value, step: 1 });
  }
  return ranges;
}
