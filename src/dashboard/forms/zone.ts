/**
 * Between instants and what clocks on walls show, in any time zone. Intl knows the offsets of all zones, but only in one
 * direction: the other is found by trying them.
 */

/** What an <input type="datetime-local"> holds: `2026-03-29T02:30:00`. */
export type LocalTime = string;

export interface FoundInstant {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /**
   * `skipped`: clocks went forward over that time, so this is the first instant after it. `twice`: clocks went back, so
   * that time came twice, and this is the earlier one.
   */
  readonly kind: 'exact' | 'skipped' | 'twice';
}

const dayMs = 86_400_000;
const pattern = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,3})?)?$/;

/** Some browsers still have names that people do not look for any more; all understand both. */
const todaysNames: ReadonlyMap<string, string> = new Map([
  ['Africa/Asmera', 'Africa/Asmara'],
  ['America/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
  ['America/Godthab', 'America/Nuuk'],
  ['Asia/Calcutta', 'Asia/Kolkata'],
  ['Asia/Katmandu', 'Asia/Kathmandu'],
  ['Asia/Rangoon', 'Asia/Yangon'],
  ['Asia/Saigon', 'Asia/Ho_Chi_Minh'],
  ['Atlantic/Faeroe', 'Atlantic/Faroe'],
  ['Europe/Kiev', 'Europe/Kyiv'],
]);

function todaysName(zone: string): string {
  return todaysNames.get(zone) ?? zone;
}

export function viewerZone(): string {
  return todaysName(new Intl.DateTimeFormat().resolvedOptions().timeZone);
}

/** All that can be chosen. Browsers leave UTC out of theirs. */
export function allZones(): readonly string[] {
  const zones = new Set([...Intl.supportedValuesOf('timeZone').map(todaysName), 'UTC', viewerZone()]);
  return [...zones].sort((a, b) => (a < b ? -1 : 1));
}

/** To the second: what is finer is cut off. */
export function localTime(at: number, zone: string): LocalTime {
  return new Date(at + offsetAt(at, zone)).toISOString().slice(0, 19);
}

/** @returns undefined when the text is no date and time of the calendar. */
export function instantOf(local: LocalTime, zone: string): FoundInstant | undefined {
  const wall = asIfUtc(local);
  if (wall === undefined) return undefined;
  // No zone is a day away from UTC, and none changes its clocks twice within two days.
  const offsets = [-dayMs, 0, dayMs].map((away) => offsetAt(wall + away, zone));
  const found = [...new Set(offsets)].map((offset) => wall - offset).filter((at) => isAt(at, wall, zone));
  if (found.length === 0) return { at: endOfGap(wall, offsets, zone), kind: 'skipped' };
  return { at: Math.min(...found), kind: found.length > 1 ? 'twice' : 'exact' };
}

function isAt(at: number, wall: number, zone: string): boolean {
  return at + offsetAt(at, zone) === wall;
}

/** Between an instant before clocks went forward and one after it, halved until they meet. */
function endOfGap(wall: number, offsets: readonly number[], zone: string): number {
  let before = wall - Math.max(...offsets);
  let after = wall - Math.min(...offsets);
  const old = offsetAt(before, zone);
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle, zone) === old) before = middle;
    else after = middle;
  }
  return after;
}

/** What its clocks show less UTC, in milliseconds. */
function offsetAt(at: number, zone: string): number {
  const part = Object.fromEntries(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const date = `${part['year']?.padStart(4, '0')}-${part['month']}-${part['day']}`;
  const second = Math.floor(at / 1000) * 1000;
  return Date.parse(`${date}T${part['hour']}:${part['minute']}:${part['second']}Z`) - second;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Kept, since to make one takes longer than to use it a hundred times. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const kept = formats.get(zone);
  if (kept) return kept;
  const format = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(zone, format);
  return format;
}

/** `Date` rolls days over that the calendar does not have. */
function asIfUtc(local: LocalTime): number | undefined {
  const match = pattern.exec(local);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second = '00'] = match;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const wall = Date.parse(`${text}Z`);
  return Number.isNaN(wall) || new Date(wall).toISOString().slice(0, 19) !== text ? undefined : wall;
}
