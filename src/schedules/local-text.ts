/** Times as the clocks of a zone show them. Whole seconds since the epoch. */
import type { ScheduledTime } from '../contract/schedule.ts';
import { localTime } from './next-time.ts';
import type { Zone } from './zone.ts';

/** Greatest time by which clocks are turned, in seconds: a whole day, when a zone crosses the date line. */
const greatestTurn = 86_400;

export function describeTime(zone: Zone, at: number): ScheduledTime {
  return { at: new Date(at * 1000).toISOString(), local: localText(zone, at), dst: dstOf(zone, at) };
}

/** Returns which of two equal local times a time is, if clocks are turned back. */
function dstOf(zone: Zone, at: number): ScheduledTime['dst'] {
  for (const turn of zone.transitions(at - greatestTurn, at + greatestTurn)) {
    const repeated = turn.before - turn.after;
    if (repeated <= 0) continue;
    if (at >= turn.at - repeated && at < turn.at) return 'repeat_first';
    if (at >= turn.at && at < turn.at + repeated) return 'repeat_second';
  }
  return null;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** Returns the local time in RFC 3339, with its offset. */
export function localText(zone: Zone, at: number): string {
  const { year, month, day, hour, minute, second } = localTime(zone, at);
  const date = [year, month, day].map(twoDigits).join('-');
  const time = [hour, minute, second].map(twoDigits).join(':');
  return `${date}T${time}${offsetText(zone.offsetAt(at))}`;
}

function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60);
  const sign = offset < 0 ? '-' : '+';
  return `${sign}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}
