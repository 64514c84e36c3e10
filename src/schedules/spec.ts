/** The times of a schedule as Temporal's server takes them. */
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { type Calendar, isEveryValue, rangesOf } from './calendar.ts';
import type { CompiledWhen } from './compile.ts';

type ScheduleSpec = temporal.api.schedule.v1.IScheduleSpec;
type StructuredCalendar = temporal.api.schedule.v1.IStructuredCalendarSpec;

/** Returns the specification of a schedule's times, without anything that the server would read in its own way. */
export function specOf(when: CompiledWhen): ScheduleSpec {
  const { calendars, intervals, skips, zone, jitter, startAt, endAt } = when;
  return {
    structuredCalendar: calendars.map(structured),
    interval: intervals.map(({ seconds, phase }) => ({
      interval: ofSeconds(seconds),
      phase: ofSeconds(phase),
    })),
    excludeStructuredCalendar: skips.map(structured),
    timezoneName: zone.name,
    ...(jitter > 0 && { jitter: ofSeconds(jitter) }),
    ...(startAt !== undefined && { startTime: ofSeconds(startAt) }),
    ...(endAt !== undefined && { endTime: ofSeconds(endAt) }),
  };
}

/** Returns a duration, or an instant, as the server takes them. */
const ofSeconds = (seconds: number) => msNumberToTs(seconds * 1000);

function structured(calendar: Calendar): StructuredCalendar {
  return {
    second: rangesOf(calendar.second),
    minute: rangesOf(calendar.minute),
    hour: rangesOf(calendar.hour),
    dayOfMonth: rangesOf(calendar.day_of_month),
    month: rangesOf(calendar.month),
    // No range stands for every year, and in any other field for no value.
    year: isEveryValue('year', calendar.year) ? [] : rangesOf(calendar.year),
    dayOfWeek: rangesOf(calendar.day_of_week),
  };
}
