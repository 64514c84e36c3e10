/** One field of a cron expression or calendar: a list of values, ranges and steps. */
import { bounds, type FieldName, numbers } from './calendar.ts';

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const longMonths = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
];
const days = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const longDays = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];

/** What is wrong with a text, in a sentence for its author. */
export class NotUnderstood extends Error {
  override readonly name = 'NotUnderstood';
}

export interface FieldRule {
  readonly name: FieldName;
  /** Noun for messages, with its article. */
  readonly noun: string;
}

export const fieldRules = {
  second: { name: 'second', noun: 'a second' },
  minute: { name: 'minute', noun: 'a minute' },
  hour: { name: 'hour', noun: 'an hour' },
  day_of_month: { name: 'day_of_month', noun: 'a day of the month' },
  month: { name: 'month', noun: 'a month' },
  year: { name: 'year', noun: 'a year' },
  day_of_week: { name: 'day_of_week', noun: 'a day of the week' },
} as const satisfies Record<FieldName, FieldRule>;

const usage: Readonly<Record<FieldName, string>> = {
  second: '0 to 59',
  minute: '0 to 59',
  hour: '0 to 23',
  day_of_month: '1 to 31, or L for the last one',
  month: '1 to 12, or JAN to DEC',
  year: '2000 to 2100',
  day_of_week: '0 to 6, or SUN to SAT',
};

/** Returns the values of a field: a list of elements. @throws NotUnderstood */
export function parseField(text: string, name: FieldName): ReadonlySet<number> {
  return new Set(text.split(',').flatMap((element) => parseElement(element.trim(), fieldRules[name])));
}

/** Returns the values of one element of a list, such as `5`, `MON-FRI`, `*` or `10-50/20`. @throws NotUnderstood */
export function parseElement(text: string, rule: FieldRule): number[] {
  const [range = '', stepText, ...more] = text.split('/');
  if (more.length > 0) throw new NotUnderstood(`"${text}" has more than one "/".`);
  const step = stepText === undefined ? 1 : parseStep(text, stepText);
  const [min, max] = bounds[rule.name];
  if (range === '*' || (range === '?' && isDay(rule))) return numbers(min, max, step);
  const [fromText = '', toText, ...tooMany] = range.split('-');
  if (tooMany.length > 0) throw new NotUnderstood(`"${text}" has more than one "-".`);
  const from = parseValue(fromText, text, rule);
  // A value with a step is the start of a range to the greatest value.
  const to = toText === undefined ? (stepText === undefined ? from : max) : parseValue(toText, text, rule);
  return valuesFrom(from, to, step, rule);
}

function isDay({ name }: FieldRule): boolean {
  return name === 'day_of_month' || name === 'day_of_week';
}

/** Returns the values of a range, which may wrap, as from Friday to Monday. */
function valuesFrom(from: number, to: number, step: number, { name }: FieldRule): number[] {
  const [min, max] = bounds[name];
  const size = max - min + 1;
  // Sunday is 7 as well, which is the end of a week in one place, and the start of one in another.
  const isSunday = name === 'day_of_week' && from === 7;
  const start = isSunday ? 0 : from;
  const end = isSunday && to === 7 ? 0 : to;
  if (name === 'year' && end < start) throw new NotUnderstood(`"${from}-${to}" ends before it starts.`);
  const last = end < start ? end + size : end;
  return numbers(start, last, step).map((value) => min + ((value - min) % size));
}

function parseStep(text: string, step: string): number {
  if (/^[1-9]\d{0,3}$/.test(step)) return Number(step);
  throw new NotUnderstood(`"${text}": after "/" comes a step, a number from 1.`);
}

/** Returns the value of a number or name. @throws NotUnderstood */
export function parseValue(text: string, within: string, rule: FieldRule): number {
  const { name } = rule;
  const named = namedValue(text.toUpperCase(), name);
  if (named !== undefined) return named;
  const [min, max] = bounds[name];
  const greatest = name === 'day_of_week' ? 7 : max;
  const value = Number(text);
  if (/^\d{1,4}$/.test(text) && value >= min && value <= greatest) return value;
  const place = text === within ? '' : ` in "${within}"`;
  throw new NotUnderstood(`"${text}"${place} is not ${rule.noun}. Use ${usage[name]}.`);
}

function namedValue(text: string, name: FieldName): number | undefined {
  if (name === 'month') return indexIn([months, longMonths], text, 1);
  return name === 'day_of_week' ? indexIn([days, longDays], text, 0) : undefined;
}

function indexIn(lists: readonly (readonly string[])[], text: string, first: number): number | undefined {
  for (const list of lists) {
    const index = list.indexOf(text);
    if (index >= 0) return first + index;
  }
  return undefined;
}
