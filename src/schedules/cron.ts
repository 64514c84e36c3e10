/**
 * Cron expressions, read as crontab(5) reads them, and compiled to calendars. Temporal would accept the texts too, but
 * reads some of them otherwise: both fields of days must match, `#` begins a comment, and `L` is unknown.
 */
import { type Calendar, both } from './calendar.ts';
import { matchingBoth, matchingEither, parseDaysOfMonth, parseDaysOfWeek } from './days.ts';
import { NotUnderstood, parseField } from './field.ts';

const named: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

export interface CronOptions {
  /** Whether it has six fields, of which the first is the second. */
  readonly seconds: boolean;
  readonly dayMatch: 'or' | 'and';
}

/** The fields of a cron expression, as texts. */
export interface CronFields {
  readonly second: string;
  readonly minute: string;
  readonly hour: string;
  readonly dayOfMonth: string;
  readonly month: string;
  readonly dayOfWeek: string;
}

/** Returns calendars that together match what a cron expression does; none, if nothing does. @throws NotUnderstood */
export function compileCron(text: string, options: CronOptions): readonly Partial<Calendar>[] {
  const fields = splitCron(text, options.seconds);
  const time = {
    second: parseField(fields.second, 'second'),
    minute: parseField(fields.minute, 'minute'),
    hour: parseField(fields.hour, 'hour'),
    month: parseField(fields.month, 'month'),
  };
  const dayOfMonth = parseDaysOfMonth(fields.dayOfMonth);
  const dayOfWeek = parseDaysOfWeek(fields.dayOfWeek);
  const days =
    matchesEither(fields) && options.dayMatch === 'or'
      ? matchingEither(dayOfMonth, dayOfWeek)
      : matchingBoth(dayOfMonth, dayOfWeek);
  return days.map((each) => both(time, each)).filter((each) => each !== undefined);
}

/** Returns whether both fields of days are restricted: those that begin with a star are not, whatever their step. */
export function matchesEither({ dayOfMonth, dayOfWeek }: CronFields): boolean {
  return ![dayOfMonth, dayOfWeek].some((field) => /^[*?]/.test(field));
}

/** @throws NotUnderstood */
export function splitCron(text: string, seconds: boolean): CronFields {
  const written = text.trim();
  if (/^(?:CRON_)?TZ=/.test(written)) {
    throw new NotUnderstood('The time zone does not belong here: give it as "timezone".');
  }
  if (written.startsWith('@')) return splitNamed(written);
  const fields = written.split(/\s+/);
  const expected = seconds ? 6 : 5;
  if (fields.length !== expected) throw wrongNumber(fields, expected);
  const [second = '0', minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = seconds
    ? fields
    : ['0', ...fields];
  return { second, minute, hour, dayOfMonth, month, dayOfWeek };
}

function splitNamed(text: string): CronFields {
  const fields = named[text.toLowerCase()];
  if (fields !== undefined) return splitCron(fields, false);
  if (/^@every/i.test(text)) throw new NotUnderstood('Give intervals as "every": [{"seconds": 300}].');
  if (/^@reboot/i.test(text)) throw new NotUnderstood('"@reboot" is no time: a schedule outlives restarts.');
  throw new NotUnderstood(`"${text}" is unknown. Known are ${Object.keys(named).join(', ')}.`);
}

function wrongNumber(fields: readonly string[], expected: number): NotUnderstood {
  const found = fields[0] === '' ? 0 : fields.length;
  const order = `${expected === 6 ? 'second, ' : ''}minute, hour, day of month, month, day of week`;
  const hint =
    found === 6 && expected === 5
      ? ' If the first of the six is the second, set "seconds" to true; a year can be given in "calendar".'
      : '';
  return new NotUnderstood(`Expected ${expected} fields (${order}), but found ${found}.${hint}`);
}
