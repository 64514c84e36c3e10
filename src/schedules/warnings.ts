/** What a schedule does that its author may not have meant. */
import type { ScheduledTime, When } from '../contract/schedule.ts';
import { matchesEither, splitCron } from './cron.ts';
import type { Turnings } from './turnings.ts';

/** The fields in which steps restart with each hour, say, and how many values each has. */
const cycles = [
  ['second', 60, 'minute'],
  ['minute', 60, 'hour'],
  ['hour', 24, 'day'],
] as const;

/** @param when what has been compiled. @param shown its times, as the preview shows them. */
export function warningsAbout(
  when: When,
  shown: Turnings & { readonly next: readonly ScheduledTime[] },
): string[] {
  const { next, skipped } = shown;
  const gap = skipped.find(({ reason }) => reason === 'gap');
  const leftOut = skipped.find(({ reason }) => reason === 'left_out');
  const [extra] = shown.extra;
  const seconds = new Set(
    next.filter(({ dst }) => dst === 'repeat_second').map(({ local }) => spoken(local)),
  );
  const twice = next.find(({ local, dst }) => dst === 'repeat_first' && seconds.has(spoken(local)));
  return [
    ...when.cron.flatMap((text) => warningsAboutCron(text, when)),
    ...(when.every.length > 0 && when.timezone !== 'UTC' ? [intervalsInZone] : []),
    ...(gap ? [`${spoken(gap.local)} does not exist, since clocks ${forward}: it does not run then.`] : []),
    ...(leftOut ? [`Temporal leaves out ${exactly(leftOut.local)}, near a turn of the clocks.`] : []),
    ...(extra ? [`Temporal runs it at ${exactly(extra)} too, near a turn of the clocks.`] : []),
    ...(twice ? [`${spoken(twice.local)} comes twice, since clocks ${back}: it runs both times.`] : []),
  ];
}

const forward = 'are turned forward';
const back = 'are turned back';
const intervalsInZone =
  'Intervals of "every" do not follow the time zone: after clocks are turned, their local times are others.';

function spoken(local: string): string {
  return local.slice(0, 16).replace('T', ' ');
}

/** Returns a local time with its offset, which differs between the two copies of an hour. */
function exactly(local: string): string {
  return `${spoken(local)} (UTC${local.slice(19)})`;
}

function warningsAboutCron(text: string, { seconds, day_match }: When): string[] {
  const fields = splitCron(text, seconds);
  const either = matchesEither(fields);
  const warnings: string[] = [];
  if (either && day_match === 'or') {
    warnings.push(
      `"${text}" runs on each day that its day of the month or its day of the week matches, as in crontab. ` +
        'If both must match, set "day_match" to "and".',
    );
  }
  const lastDay = /^(29|30|31)$/.exec(fields.dayOfMonth)?.[1];
  if (lastDay !== undefined && fields.month === '*') {
    warnings.push(
      `"${text}" does not run in months without a day ${lastDay}. The last day of each month is L.`,
    );
  }
  for (const [name, size, unit] of cycles) {
    const step = Number(/^\*\/(\d+)$/.exec(fields[name])?.[1] ?? 1);
    if (size % step !== 0 && step < size) {
      const last = size - Math.floor((size - 1) / step) * step;
      warnings.push(
        `"${text}": the step of ${step} starts again with each ${unit}, so its last gap is ${last} ${name}s. ` +
          'For equal gaps, use "every".',
      );
    }
  }
  return warnings;
}
