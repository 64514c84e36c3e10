/** Compiles when a schedule runs to what Temporal takes, and says what is wrong with what cannot be compiled. */
import { type FieldError, invalidFields } from '../contract/errors.ts';
import type { When } from '../contract/schedule.ts';
import {
  allValues,
  both,
  bounds,
  type Calendar,
  fieldNames,
  type FieldName,
  isEveryValue,
} from './calendar.ts';
import { compileCron } from './cron.ts';
import { type DayField, matchingBoth, parseDaysOfMonth, parseDaysOfWeek } from './days.ts';
import { NotUnderstood, parseField } from './field.ts';
import { type Zone, zoneOf } from './zone.ts';

/** An interval of real time, in whole seconds since the epoch: it runs at `phase`, and at each whole multiple after it. */
export interface Interval {
  readonly seconds: number;
  readonly phase: number;
}

/** When a schedule runs. Times are whole seconds since the epoch. */
export interface CompiledWhen {
  readonly calendars: readonly Calendar[];
  readonly intervals: readonly Interval[];
  readonly skips: readonly Calendar[];
  readonly zone: Zone;
  readonly jitter: number;
  readonly startAt: number | undefined;
  readonly endAt: number | undefined;
}

/** Maximum number of calendars, of which one expression may need sixteen. */
const maxCalendars = 200;

/**
 * @param base JSON pointer of `when` in the request body.
 * @param createdAt anchor of the intervals that have none, in milliseconds.
 * @throws AppError validation
 */
export function compileWhen(when: When, base: string, createdAt: number): CompiledWhen {
  const errors: FieldError[] = [];
  const zone = zoneOf(when.timezone);
  if (!zone) errors.push({ pointer: `${base}/timezone`, message: unknownZone(when.timezone) });
  const reject = (pointer: string, message: string): void =>
    void errors.push({ pointer: base + pointer, message });
  const calendars = [...compileCrons(when, reject), ...compileCalendars(when.calendar, 'calendar', reject)];
  const skips = compileSkips(when, reject);
  if (when.cron.length + when.every.length + when.calendar.length === 0) {
    reject('', 'Give at least one time, in "cron", "every" or "calendar".');
  }
  if (calendars.length > maxCalendars || skips.length > maxSkipCalendars) {
    reject('', 'This is too complex: use fewer cron expressions, or fewer special days in them.');
  }
  const startAt = when.start_at === null ? undefined : Math.ceil(Date.parse(when.start_at) / 1000);
  const endAt = when.end_at === null ? undefined : Math.floor(Date.parse(when.end_at) / 1000);
  if (startAt !== undefined && endAt !== undefined && endAt < startAt) {
    reject('/end_at', 'Ends before "start_at".');
  }
  if (errors.length > 0 || !zone) throw invalidFields(errors);
  const intervals = when.every.map(({ seconds, anchor }) => {
    const at = Math.floor((anchor === undefined ? createdAt : Date.parse(anchor)) / 1000);
    return { seconds, phase: modulo(at, seconds) };
  });
  const hourly = calendars.map((calendar) => hourlyIntervals(calendar, zone, createdAt));
  const others = calendars.filter((_, index) => !hourly[index]);
  const all = [...intervals, ...hourly.flatMap((each) => each ?? [])];
  return {
    calendars: others,
    intervals: all,
    skips: [...skips, ...(all.length === 0 ? hoursOfNone(others) : [])],
    zone,
    jitter: when.jitter,
    startAt,
    endAt,
  };
}

/**
 * Returns a calendar of the hours in which none of these match, or nothing if there are none. In zones east of Greenwich,
 * Temporal finds times in a wrong hour when clocks are turned back (docs/temporal.md), unless they are skipped.
 */
function hoursOfNone(calendars: readonly Calendar[]): Calendar[] {
  const hours = [...allValues.hour].filter((hour) => !calendars.some((calendar) => calendar.hour.has(hour)));
  return calendars.length > 0 && hours.length > 0 ? [complete({ hour: new Set(hours) })] : [];
}

/** Maximum number of calendars of what is skipped: a range of days may need five and one for each year. */
const maxSkipCalendars = 1000;

function unknownZone(name: string): string {
  if (/^[+-]|^(?:UTC|GMT)[+-]/i.test(name)) {
    return 'An offset is no time zone: name one such as "Europe/Oslo", or "Etc/GMT-1" for one hour east of UTC.';
  }
  return `"${name}" is no time zone. Use a name such as "Europe/Oslo" or "UTC".`;
}

/** Maximum number of intervals into which a calendar is turned. */
const maxHourly = 12;
/** Period for which the clocks of a zone must always be turned by whole hours, in seconds. */
const hourlyFor = 3 * 366 * 86_400;

/**
 * Returns the intervals that match what a calendar does, if it matches in every hour alike; else undefined. In zones east
 * of Greenwich, Temporal leaves out an hour of such a calendar when clocks are turned back; see docs/temporal.md.
 */
function hourlyIntervals(calendar: Calendar, zone: Zone, now: number): readonly Interval[] | undefined {
  const isHourly = (['year', 'month', 'day_of_month', 'day_of_week', 'hour'] as const).every((name) =>
    isEveryValue(name, calendar[name]),
  );
  const minutes = cycleOf(calendar.minute);
  const seconds = cycleOf(calendar.second);
  if (!isHourly || minutes.values.length * seconds.values.length > maxHourly) return undefined;
  // A second matches in each of the minutes, which are themselves a cycle only if it is one second of each.
  if (seconds.every < 60 && minutes.every > 1) return undefined;
  const at = Math.floor(now / 1000);
  const part = modulo(zone.offsetAt(at), 3600);
  const turns = zone.transitions(at, at + hourlyFor);
  if (turns.some(({ after }) => modulo(after, 3600) !== part)) return undefined;
  const length = seconds.every < 60 ? seconds.every : minutes.every * 60;
  return minutes.values.flatMap((minute) =>
    seconds.values.map((second) => ({ seconds: length, phase: modulo(minute * 60 + second - part, length) })),
  );
}

/** Returns the cycle of a set of minutes or seconds: the values, and after how many of them they repeat. */
function cycleOf(set: ReadonlySet<number>): { readonly every: number; readonly values: readonly number[] } {
  const values = [...set].sort((a, b) => a - b);
  const [first = 0, second = first + 60] = values;
  const step = second - first;
  const isCycle =
    60 % step === 0 &&
    values.length === 60 / step &&
    values.every((value, index) => value === first + index * step);
  return isCycle ? { every: step, values: [first] } : { every: 60, values };
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

type Reject = (pointer: string, message: string) => void;

/** Returns what `compile` returns, or rejects the field with what it did not understand. */
function understood<T>(pointer: string, reject: Reject, compile: () => readonly T[]): readonly T[] {
  try {
    const compiled = compile();
    if (compiled.length === 0) reject(pointer, 'This time never comes.');
    return compiled;
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    reject(pointer, error.message);
    return [];
  }
}

function compileCrons({ cron, seconds, day_match: dayMatch }: When, reject: Reject): Calendar[] {
  return cron.flatMap((text, index) =>
    understood(`/cron/${index}`, reject, () => compileCron(text, { seconds, dayMatch }).map(complete)),
  );
}

function complete(calendar: Partial<Calendar>): Calendar {
  return { ...allValues, ...calendar };
}

type WrittenCalendar = When['calendar'][number];

/** The values of fields that are not given in a calendar. In those of `skip`, all values match. */
const whenMissing: Partial<Record<FieldName, string>> = { second: '0', minute: '0', hour: '0' };

function compileCalendars(
  written: readonly WrittenCalendar[],
  name: 'calendar' | 'skip',
  reject: Reject,
  first = 0,
): Calendar[] {
  return written.flatMap((each, index) =>
    compileCalendar(
      name === 'calendar' ? { ...whenMissing, ...each } : each,
      `/${name}/${first + index}`,
      reject,
    ),
  );
}

function compileCalendar(written: WrittenCalendar, pointer: string, reject: Reject): readonly Calendar[] {
  const fields: Partial<Record<FieldName, ReadonlySet<number>>> = {};
  const days: Record<'day_of_month' | 'day_of_week', DayField> = {
    day_of_month: undefined,
    day_of_week: undefined,
  };
  for (const name of fieldNames) {
    const value = written[name];
    if (value === undefined) continue;
    try {
      if (name === 'day_of_month') days[name] = parseDaysOfMonth(value);
      else if (name === 'day_of_week') days[name] = parseDaysOfWeek(value);
      else fields[name] = parseField(value, name);
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      reject(`${pointer}/${name}`, error.message);
      return [];
    }
  }
  return understood(pointer, reject, () =>
    matchingBoth(days.day_of_month, days.day_of_week)
      .map((each) => both(fields, each))
      .filter((each) => each !== undefined)
      .map(complete),
  );
}

function compileSkips({ skip }: When, reject: Reject): Calendar[] {
  return skip.flatMap((each, index) => {
    if (typeof each === 'string') return daysBetween(each, each);
    if (!('from' in each)) return [...compileCalendars([each], 'skip', reject, index)];
    if (each.to >= each.from) return daysBetween(each.from, each.to);
    reject(`/skip/${index}/to`, 'Ends before "from".');
    return [];
  });
}

/** Returns calendars that together match all times of the days from one date to another, both included. */
function daysBetween(from: string, to: string): Calendar[] {
  const [fromYear = 0, fromMonth = 0, fromDay = 0] = from.split('-').map(Number);
  const [toYear = 0, toMonth = 0, toDay = 0] = to.split('-').map(Number);
  const calendars: Calendar[] = [];
  for (let year = fromYear; year <= toYear; year += 1) {
    const firstMonth = year === fromYear ? fromMonth : 1;
    const lastMonth = year === toYear ? toMonth : 12;
    const whole: number[] = [];
    for (let month = firstMonth; month <= lastMonth; month += 1) {
      const first = year === fromYear && month === fromMonth ? fromDay : 1;
      const last = year === toYear && month === toMonth ? toDay : bounds.day_of_month[1];
      if (first === 1 && last === bounds.day_of_month[1]) whole.push(month);
      else calendars.push(dayCalendar(year, [month], first, last));
    }
    if (whole.length > 0) calendars.push(dayCalendar(year, whole, ...bounds.day_of_month));
  }
  return calendars;
}

function dayCalendar(year: number, months: readonly number[], first: number, last: number): Calendar {
  const days = [...allValues.day_of_month].filter((day) => day >= first && day <= last);
  return complete({ year: new Set([year]), month: new Set(months), day_of_month: new Set(days) });
}
