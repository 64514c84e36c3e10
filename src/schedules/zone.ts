/** Time zones: the difference to UTC at any time, and when clocks are turned. Times are whole seconds since the epoch. */
import { Lru } from '../lib/lru.ts';

/** An instant at which the difference to UTC changes, in seconds. */
export interface Transition {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

export interface Zone {
  /** Name in the IANA database. */
  readonly name: string;
  /** Returns the difference to UTC, in seconds: positive in the east. */
  offsetAt(at: number): number;
  /** Returns the transitions in (from, to], in order. */
  transitions(from: number, to: number): readonly Transition[];
}

/** The first and last year in which Temporal runs schedules. One more on each side covers all differences to UTC. */
const years = { first: 1999, last: 2101 };
const yearMs = (year: number): number => Date.UTC(year, 0, 1);
/** Less than any period for which clocks have been turned, in seconds. */
const probeEvery = 4 * 86_400;
/** Maximum number of zones that are kept; each takes some ten kilobytes. */
const maxKept = 50;

const known = new Lru<Zone>(maxKept);

export const utc: Zone = { name: 'UTC', offsetAt: () => 0, transitions: () => [] };

/** Returns a zone by its name. @returns undefined if there is none. */
export function zoneOf(name: string): Zone | undefined {
  // Offsets are no names. Temporal would take "Local" for the zone of its server.
  if (!/^[A-Za-z]{2,}[A-Za-z0-9_+/-]*$/.test(name) || /^local$/i.test(name)) return undefined;
  if (name.toUpperCase() === utc.name) return utc;
  const kept = known.get(name);
  if (kept) return kept;
  const zone = createZone(name);
  if (zone) known.set(name, zone);
  return zone;
}

function createZone(written: string): Zone | undefined {
  const format = formatOf(written);
  if (!format) return undefined;
  const { timeZone } = format.resolvedOptions();
  // Node.js knows zones in any case, and some by an older name. Temporal needs the exact spelling.
  const name = timeZone.toLowerCase() === written.toLowerCase() ? timeZone : written;
  const probe = (at: number): number => offsetBy(format, at);
  const byYear = new Map<number, readonly Transition[]>();
  const inYear = (year: number): readonly Transition[] => {
    const found = byYear.get(year) ?? findTransitions(probe, yearMs(year) / 1000, yearMs(year + 1) / 1000);
    byYear.set(year, found);
    return found;
  };
  const starts = new Map<number, number>();
  const startOf = (year: number): number => {
    const offset = starts.get(year) ?? probe(yearMs(year) / 1000);
    starts.set(year, offset);
    return offset;
  };
  return {
    name,
    offsetAt(at) {
      const year = yearOf(at);
      const last = inYear(year).findLast((transition) => transition.at <= at);
      return last?.after ?? startOf(year);
    },
    transitions(from, to) {
      const all: Transition[] = [];
      for (let year = yearOf(from); year <= yearOf(to); year += 1) all.push(...inYear(year));
      return all.filter(({ at }) => at > from && at <= to);
    },
  };
}

function yearOf(at: number): number {
  return Math.min(Math.max(new Date(at * 1000).getUTCFullYear(), years.first), years.last);
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Returns the difference to UTC at a time, from how the zone's clocks show it. */
function offsetBy(format: Intl.DateTimeFormat, at: number): number {
  const fields: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at * 1000)) fields[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - at;
}

function findTransitions(probe: (at: number) => number, from: number, to: number): Transition[] {
  const found: Transition[] = [];
  let before = probe(from);
  // A transition in the very first second belongs to this year.
  const previous = probe(from - 1);
  if (previous !== before) found.push({ at: from, before: previous, after: before });
  for (let start = from; start < to - 1; start += probeEvery) {
    const end = Math.min(start + probeEvery, to - 1);
    const after = probe(end);
    if (after !== before) found.push({ at: firstWith(probe, after, start, end), before, after });
    before = after;
  }
  return found;
}

/** Returns the first second of (from, to] with an offset that holds until `to`. */
function firstWith(probe: (at: number) => number, offset: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (probe(middle) === offset) high = middle;
    else low = middle;
  }
  return high;
}
