/**
 * Converts between instants and local times, in any time zone. Intl knows the offsets of all zones, but only
 * from instant to local time: the other direction is found by trying offsets.
 */

/** Value of an <input type="datetime-local">: `2026-03-29T02:30:00`. */
export type LocalTime = string;

export interface FoundInstant {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /**
   * `skipped`: clocks went forward over the local time, so this is the first instant after it. `twice`: clocks
   * went back, so the local time occurred twice, and this is the earlier instant.
   */
  readonly kind: 'exact' | 'skipped' | 'twice';
}

const dayMs = 86_400_000;
const pattern = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,3})?)?$/;

/** Current names of zones that some browsers list under outdated names. All browsers accept both. */
const currentNames: ReadonlyMap<string, string> = new Map([
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

function currentName(zone: string): string {
  return currentNames.get(zone) ?? zone;
}

export function viewerZone(): string {
  return currentName(new Intl.DateTimeFormat().resolvedOptions().timeZone);
}

/** Returns all zones that can be chosen, sorted. Browsers leave UTC out of their lists. */
export function allZones(): readonly string[] {
  const zones = new Set([...Intl.supportedValuesOf('timeZone').map(currentName), 'UTC', viewerZone()]);
  return [...zones].sort((a, b) => (a < b ? -1 : 1));
}

/** Returns the local time of an instant, truncated to the second. */
export function localTime(at: number, zone: string): LocalTime {
  return new Date(at + offsetAt(at, zone)).toISOString().slice(0, 19);
}

/** @returns undefined if the text is not a valid date and time. */
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

/**
 * Returns the first instant after the clocks went forward, by bisection between an instant before and after.
 */
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

/** Returns the zone's offset from UTC at an instant, in milliseconds. */
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

/** Returns a cached format: creating one takes longer than using it a hundred times. */
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

/** Parses a local time as if it were UTC. Rejects days that don't exist, which `Date` would roll over. */
function asIfUtc(local: LocalTime): number | undefined {
  const match = pattern.exec(local);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second = '00'] = match;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const wall = Date.parse(`${text}Z`);
  return Number.isNaN(wall) || new Date(wall).toISOString().slice(0, 19) !== text ? undefined : wall;
}
