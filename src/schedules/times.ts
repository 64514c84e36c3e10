/** The times of a schedule, in order, as Temporal will find them. Whole seconds since the epoch. */
import { allValues, bounds, type Calendar } from './calendar.ts';
import type { CompiledWhen } from './compile.ts';
import { type Day, daysFrom, matchesAny, matchesDay, nextTime, startOfDay } from './next-time.ts';
import type { Zone } from './zone.ts';

/**
 * Maximum number of times that are skipped in a row. Temporal looks for the next time in a workflow, and would be stuck if
 * it took a second to go through them.
 */
const maxSkipped = 100_000;

/** Temporal knows no years after that, not even for intervals. */
export const lastTime = Date.UTC(bounds.year[1] + 1, 0, 1) / 1000 - 1;

/** Too many times in a row are skipped. */
export class TooManySkipped extends Error {
  override readonly name = 'TooManySkipped';
  /** The first of them. */
  readonly from: number;

  constructor(from: number) {
    super('Too many times in a row are skipped');
    this.from = from;
  }
}

/** Yields the times after `after`, without jitter. @throws TooManySkipped */
export function* timesAfter(when: CompiledWhen, after: number): Generator<number> {
  const { skips, zone, startAt, endAt } = when;
  const next = createFinder(when);
  let at = Math.max(after, (startAt ?? after + 1) - 1);
  let skipped = 0;
  let firstSkipped = at;
  for (;;) {
    const found = next(at);
    if (found === undefined || found > Math.min(endAt ?? lastTime, lastTime)) return;
    at = found;
    if (!matchesAny(skips, zone, found)) {
      skipped = 0;
      yield found;
      continue;
    }
    if (skipped === 0) firstSkipped = found;
    skipped += 1;
    if (skipped > maxSkipped) throw new TooManySkipped(firstSkipped);
  }
}

/**
 * Checks that no days in a row are skipped on which too many times come. Counts the times of each day, rather than going
 * through them. @throws TooManySkipped
 */
export function assertSkipsEnd(when: CompiledWhen, after: number): void {
  const { calendars, intervals, zone, startAt, endAt } = when;
  const skips = when.skips.filter((skip) => timesOfDay(skip) === timesOfDay(allValues));
  const ofIntervals = intervals.reduce((sum, { seconds }) => sum + 86_400 / seconds, 0);
  let year: number | undefined;
  let ofYear: readonly Calendar[] = [];
  let skipped = 0;
  let firstSkipped: Day | undefined;
  for (const day of skips.length === 0 ? [] : daysFrom(zone, Math.max(after, startAt ?? after), endAt)) {
    if (day.year !== year) {
      year = day.year;
      ofYear = skips.filter((skip) => skip.year.has(day.year));
    }
    if (!ofYear.some((skip) => matchesDay(skip, day))) {
      skipped = 0;
      firstSkipped = undefined;
      continue;
    }
    firstSkipped ??= day;
    skipped += ofIntervals;
    for (const calendar of calendars) if (matchesDay(calendar, day)) skipped += timesOfDay(calendar);
    if (skipped > maxSkipped) throw new TooManySkipped(startOfDay(zone, firstSkipped));
  }
}

function timesOfDay({ hour, minute, second }: Calendar): number {
  return hour.size * minute.size * second.size;
}

/** Returns a function that finds the next time of any calendar or interval. It must be called with increasing times. */
function createFinder({ calendars, intervals, zone }: CompiledWhen): (after: number) => number | undefined {
  const nextOf = createNextOf(zone);
  return (after) => {
    const candidates = [
      ...calendars.map((calendar) => nextOf(calendar, after)),
      ...intervals.map(({ seconds, phase }) => Math.floor((after - phase) / seconds + 1) * seconds + phase),
    ];
    const first = Math.min(...candidates);
    return Number.isFinite(first) ? first : undefined;
  };
}

/** Time around a turn of the clocks in which what Temporal finds depends on where it begins, in seconds. */
const aroundTurn = 2 * 86_400;

/**
 * Returns a function that finds the next time of a calendar. It searches again only when the last one has passed, since a
 * rare calendar takes far longer than a frequent one; or if clocks have been turned since, as Temporal may then find
 * another time.
 */
function createNextOf(zone: Zone): (calendar: Calendar, after: number) => number {
  const pending = new Map<Calendar, { readonly after: number; readonly found: number }>();
  return (calendar, after) => {
    const known = pending.get(calendar);
    if (
      known &&
      known.found > after &&
      zone.transitions(known.after - aroundTurn, after + aroundTurn).length === 0
    ) {
      return known.found;
    }
    const found = nextTime(calendar, zone, after) ?? Number.POSITIVE_INFINITY;
    pending.set(calendar, { after, found });
    return found;
  };
}
