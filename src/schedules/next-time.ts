/**
 * The next time that a calendar matches, found as Temporal's server finds it (calendar.go, `next`), so that both agree in
 * the hours in which clocks are turned as well: a local time that does not exist is skipped, one that comes twice matches
 * twice. Times are whole seconds since the epoch.
 */
import { bounds, type Calendar } from './calendar.ts';
import type { Zone } from './zone.ts';

const hourSeconds = 3600;

/** A time as clocks show it. While it is looked for, a field may be one too great. */
export interface LocalTime {
  year: number;
  /** From 1. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** Returns the first time after `after` that a calendar matches; undefined if there is none. */
export function nextTime(calendar: Calendar, zone: Zone, after: number): number | undefined {
  const at = localTime(zone, after);
  // In the second copy of an hour that comes twice, the time is an hour later than the first that looks the same.
  let late = localTime(zone, after - hourSeconds).hour === at.hour ? hourSeconds : 0;
  at.second += 1;
  for (;;) {
    late = carry(at, zone, late);
    if (at.year > bounds.year[1]) return undefined;
    const { year, month, day, hour } = at;
    const isMatch = moveToMatch(at, calendar, zone);
    if (at.year !== year || at.month !== month || at.day !== day || at.hour !== hour) late = 0;
    if (!isMatch) continue;
    const found = instantOf(zone, at);
    if (localTime(zone, found).hour === at.hour) return found + late;
    // Clocks are turned forward over this time.
    Object.assign(at, { hour: at.hour + 1, minute: 0, second: 0 });
  }
}

/** Carries what is too great in a field to the next one. @returns how late the time is then. */
function carry(at: LocalTime, zone: Zone, late: number): number {
  let result = late;
  if (at.second >= 60) Object.assign(at, { minute: at.minute + 1, second: 0 });
  if (at.minute >= 60) {
    const start = instantOf(zone, { ...at, minute: 0, second: 0 });
    const end = instantOf(zone, { ...at, hour: at.hour + 1, minute: 0, second: 0 });
    at.minute = 0;
    // The hour comes again.
    const again = late === 0 && end - start > hourSeconds;
    if (!again) at.hour += 1;
    result = again ? hourSeconds : 0;
  }
  if (at.hour >= 24) Object.assign(at, { day: at.day + 1, hour: 0 });
  if (at.day > daysIn(at)) Object.assign(at, { month: at.month + 1, day: 1 });
  if (at.month > 12) Object.assign(at, { year: at.year + 1, month: 1 });
  return result;
}

/**
 * Moves a time forward to the next one of which all fields match, as far as it goes without carrying. @returns whether it
 * matches; if not, one of its fields is too great.
 */
function moveToMatch(at: LocalTime, calendar: Calendar, zone: Zone): boolean {
  if (!calendar.year.has(at.year)) {
    Object.assign(at, { year: at.year + 1, month: 1, day: 1, hour: 0, minute: 0, second: 0 });
    return false;
  }
  while (!calendar.month.has(at.month)) {
    Object.assign(at, { month: at.month + 1, day: 1, hour: 0, minute: 0, second: 0 });
    if (at.month > 12) return false;
  }
  while (!calendar.day_of_month.has(at.day) || !calendar.day_of_week.has(dayOfWeek(zone, at))) {
    Object.assign(at, { day: at.day + 1, hour: 0, minute: 0, second: 0 });
    if (at.day > daysIn(at)) return false;
  }
  while (!calendar.hour.has(at.hour)) {
    Object.assign(at, { hour: at.hour + 1, minute: 0, second: 0 });
    if (at.hour >= 24) return false;
  }
  while (!calendar.minute.has(at.minute)) {
    Object.assign(at, { minute: at.minute + 1, second: 0 });
    if (at.minute >= 60) return false;
  }
  while (!calendar.second.has(at.second)) {
    at.second += 1;
    if (at.second >= 60) return false;
  }
  return true;
}

/** Returns whether one of the calendars matches a time. */
export function matchesAny(calendars: readonly Calendar[], zone: Zone, at: number): boolean {
  if (calendars.length === 0) return false;
  const { hour, minute, second, ...date } = localTime(zone, at);
  const day = { ...date, dayOfWeek: weekday(at + zone.offsetAt(at)) };
  return calendars.some(
    (calendar) =>
      matchesDay(calendar, day) &&
      calendar.hour.has(hour) &&
      calendar.minute.has(minute) &&
      calendar.second.has(second),
  );
}

/** A day of the calendar. */
export interface Day extends Readonly<Pick<LocalTime, 'year' | 'month' | 'day'>> {
  readonly dayOfWeek: number;
}

/** Returns whether a calendar has times on a day. */
export function matchesDay(calendar: Calendar, { year, month, day, dayOfWeek }: Day): boolean {
  return (
    calendar.year.has(year) &&
    calendar.month.has(month) &&
    calendar.day_of_month.has(day) &&
    calendar.day_of_week.has(dayOfWeek)
  );
}

/** Yields the days of a zone from that of a time on, to that of another or the last one that Temporal knows. */
export function* daysFrom(zone: Zone, from: number, to = Number.POSITIVE_INFINITY): Generator<Day> {
  const { year, month, day } = localTime(zone, from);
  for (let date = new Date(Date.UTC(year, month - 1, day)); ; date.setUTCDate(date.getUTCDate() + 1)) {
    const next = {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      dayOfWeek: date.getUTCDay(),
    };
    // No zone is a whole day from UTC.
    if (next.year > bounds.year[1] || date.getTime() / 1000 - 86_400 > to) return;
    yield next;
  }
}

export function localTime(zone: Zone, at: number): LocalTime {
  const local = new Date((at + zone.offsetAt(at)) * 1000);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
  };
}

/** Returns the first second of a day. */
export function startOfDay(zone: Zone, { year, month, day }: Day): number {
  return instantOf(zone, { year, month, day, hour: 0, minute: 0, second: 0 });
}

/**
 * Returns an instant at which the clocks of a zone show a time, as Go's `time.Date` chooses it: of two, that which its
 * first guess finds; if there is none, one in an adjacent hour.
 */
function instantOf(zone: Zone, { year, month, day, hour, minute, second }: LocalTime): number {
  const local = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  return local - zone.offsetAt(local - zone.offsetAt(local));
}

function dayOfWeek(zone: Zone, at: LocalTime): number {
  const instant = instantOf(zone, at);
  return weekday(instant + zone.offsetAt(instant));
}

/** @param local seconds since the epoch, as if the local time were in UTC. */
function weekday(local: number): number {
  return new Date(local * 1000).getUTCDay();
}

function daysIn({ year, month }: LocalTime): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
