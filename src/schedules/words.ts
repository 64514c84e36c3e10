/** When a schedule runs, in words: "Every weekday at 09:00, Oslo time". */
import cronstrue from 'cronstrue';
import type { When } from '../contract/schedule.ts';
import { matchesEither, splitCron } from './cron.ts';

/** @param when what has been compiled. @param zone name of its time zone. */
export function inWords(when: When, zone: string): string {
  const parts = [
    ...when.cron.map((text) => cronInWords(text, when)),
    ...when.every.map(({ seconds }) => `Every ${durationInWords(seconds)}`),
    ...when.calendar.map(calendarInWords),
  ];
  const all = parts.map((part, index) => (index === 0 ? part : lowerFirst(part))).join('; ');
  const isOfZone = when.cron.length + when.calendar.length > 0;
  return isOfZone ? `${all}, ${zoneInWords(zone)}` : all;
}

function cronInWords(text: string, { seconds, day_match }: When): string {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = splitCron(text, seconds);
  const fields = [second, minute, hour, dayOfMonth, month, dayOfWeek];
  const words = cronstrue.toString((second === '0' ? fields.slice(1) : fields).join(' '), {
    use24HourTimeFormat: true,
  });
  const isBoth =
    day_match === 'and' || !matchesEither({ second, minute, hour, dayOfMonth, month, dayOfWeek });
  return everyDay(isBoth ? words.replace(', and on ', ', but only on ') : words);
}

/** Rewords the most frequent kind, for which cronstrue has "At 09:00, only on Monday". */
function everyDay(words: string): string {
  const [, time = '', days] = /^At (\d\d:\d\d(?::\d\d)?)(?:, (.*))?$/.exec(words) ?? [];
  if (time === '') return words;
  if (days === undefined) return `Every day at ${time}`;
  if (days === 'Monday through Friday') return `Every weekday at ${time}`;
  const [, named = ''] = /^only on ([A-Za-z]+day(?:(?:,| and|, and) [A-Za-z]+day)*)$/.exec(days) ?? [];
  return named === '' ? words : `Every ${named} at ${time}`;
}

const units = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

/** Returns a duration with the greatest unit of which it is a multiple. */
export function durationInWords(seconds: number): string {
  const [size, unit] = units.find(([size]) => seconds % size === 0) ?? [1, 'second'];
  const count = seconds / size;
  return count === 1 ? unit : `${count} ${unit}s`;
}

const fieldWords = [
  ['year', 'year'],
  ['month', 'month'],
  ['day_of_month', 'day of the month'],
  ['day_of_week', 'day of the week'],
] as const;

function calendarInWords(calendar: When['calendar'][number]): string {
  if (calendar.comment !== undefined && calendar.comment.trim() !== '') return calendar.comment.trim();
  const { hour = '0', minute = '0', second = '0' } = calendar;
  const time = `At hour ${hour}, minute ${minute}${second === '0' ? '' : `, second ${second}`}`;
  const days = fieldWords.flatMap(([name, noun]) => {
    const value = calendar[name];
    return value === undefined || value === '*' ? [] : [`${noun} ${value}`];
  });
  return [time, ...days].join(', ');
}

function zoneInWords(zone: string): string {
  if (!zone.includes('/') || zone.startsWith('Etc/')) return zone;
  return `${zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ')} time`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
