/** What becomes of a schedule's local times when clocks are turned. Times are whole seconds since the epoch. */
import type { SkippedTime } from '../contract/schedule.ts';
import type { Calendar } from './calendar.ts';
import type { CompiledWhen } from './compile.ts';
import { localText } from './local-text.ts';
import { matchesAny, nextTime } from './next-time.ts';
import { lastTime, timesAfter } from './times.ts';
import { type Transition, utc, type Zone } from './zone.ts';

/** Maximum number of times of either kind. */
const maxShown = 10;
const hourSeconds = 3600;

export interface Turnings {
  /** Local times that do not exist, and existing ones at which Temporal does not run it. */
  readonly skipped: readonly SkippedTime[];
  /** Local times, with their offsets, at which Temporal runs it although they are none of its times. */
  readonly extra: readonly string[];
}

/** Looks at each time in a period at which clocks are turned. */
export function turningsOf(when: CompiledWhen, from: number, to: number): Turnings {
  const { zone, calendars, startAt, endAt } = when;
  const skipped: SkippedTime[] = [];
  const extra: string[] = [];
  for (const turn of calendars.length > 0 ? zone.transitions(from, to) : []) {
    if ((startAt !== undefined && turn.at < startAt) || (endAt !== undefined && turn.at > endAt)) continue;
    const inGap = timesInGap(when, turn).map((local) => new Date(local * 1000).toISOString().slice(0, 19));
    skipped.push(...inGap.map((local) => ({ local, reason: 'gap' as const })));
    const { meant, found } = timesAround(when, turn);
    const leftOut = [...meant].filter((at) => !found.has(at));
    skipped.push(...leftOut.map((at) => ({ local: localText(zone, at), reason: 'left_out' as const })));
    extra.push(...[...found].filter((at) => !meant.has(at)).map((at) => localText(zone, at)));
  }
  return { skipped: skipped.slice(0, maxShown), extra: extra.slice(0, maxShown) };
}

/** Returns the local times in a gap that the schedule has, as if they were in UTC. */
function timesInGap({ calendars, skips }: CompiledWhen, turn: Transition): number[] {
  const times = timesBetween(calendars, utc, turn.at + turn.before, turn.at + turn.after);
  return times.filter((local) => !matchesAny(skips, utc, local));
}

/**
 * Returns the times around a turn of the clocks, as the schedule means them and as Temporal finds them, which differ: see
 * docs/temporal.md. Those of intervals are the same in both.
 */
function timesAround(
  when: CompiledWhen,
  turn: Transition,
): { readonly meant: ReadonlySet<number>; readonly found: ReadonlySet<number> } {
  const { calendars, skips, intervals, zone, startAt, endAt } = when;
  // All differences to UTC are whole minutes.
  const step = calendars.every(({ second }) => second.size === 1 && second.has(0)) ? 60 : 1;
  const from = Math.max(turn.at - 3 * hourSeconds, startAt ?? 0);
  // Temporal may leave out the rest of the day. What follows it may be skipped for years, so the search ends there.
  const last = Math.min(turn.at + (step === 1 ? 3 : 25) * hourSeconds - 1, endAt ?? lastTime);
  const found = new Set(timesAfter({ ...when, endAt: last }, from - 1));
  const meant = new Set<number>();
  for (let at = Math.ceil(from / step) * step; at <= last; at += step) {
    if (matchesAny(calendars, zone, at) && !matchesAny(skips, zone, at)) meant.add(at);
  }
  for (const at of found) {
    if (intervals.some(({ seconds, phase }) => (at - phase) % seconds === 0)) meant.add(at);
  }
  return { meant, found };
}

/** Returns the times of calendars in [from, to). */
function timesBetween(calendars: readonly Calendar[], zone: Zone, from: number, to: number): number[] {
  const times = new Set<number>();
  for (const calendar of calendars) {
    let at = nextTime(calendar, zone, from - 1);
    while (at !== undefined && at < to) {
      times.add(at);
      at = nextTime(calendar, zone, at);
    }
  }
  return [...times].sort((a, b) => a - b);
}
