/** Schemas of when a schedule runs: its times as clients write them, and the preview of what they mean. */
import { z } from 'zod';
import './validation-messages.ts';
import { previewExample, whenExample } from './examples.ts';
import { instant, instantInput } from './instant.ts';
import { orNull } from './or-null.ts';

export const maxCrons = 10;
export const maxIntervals = 10;
export const maxCalendars = 10;
export const maxSkips = 200;
export const maxCronLength = 200;
const maxFieldLength = 200;
const maxJitterSeconds = 86_400;
/** Longest interval, in seconds: ten years, as for the time of a task. */
const maxIntervalSeconds = 10 * 366 * 86_400;
export const maxPreviewCount = 100;

const cronText = z
  .string()
  .max(maxCronLength, `A cron expression has at most ${maxCronLength} characters.`)
  .meta({ examples: ['0 9 * * MON-FRI'] });

const interval = z
  .strictObject({
    seconds: z.int().min(1).max(maxIntervalSeconds),
    anchor: instantInput.optional().meta({
      description:
        'A time at which it runs, which may have passed: the others are whole intervals before and after it. ' +
        'Default: when the schedule was created.',
    }),
  })
  .meta({ id: 'Interval' });

/** A field of a calendar, as in cron. One number is accepted in place of a text. */
const field = z
  .preprocess(
    (value) => (typeof value === 'number' ? String(value) : value),
    z.string('Not a text such as "0,30", "9-17" or "*/5".').max(maxFieldLength),
  )
  .meta({ type: 'string', maxLength: maxFieldLength, examples: ['9-17'] });
const calendarFields = {
  second: field.optional(),
  minute: field.optional(),
  hour: field.optional(),
  day_of_month: field.optional(),
  month: field.optional(),
  year: field.optional(),
  day_of_week: field.optional(),
  comment: z.string().max(maxFieldLength).optional(),
};

const calendar = z.strictObject({ ...calendarFields, comment: z.string().max(200).optional() }).meta({
  id: 'Calendar',
  description:
    'Times of which all fields match. By default `second`, `minute` and `hour` are 0, and the others match every value.',
});

const wrongDate = 'Not a date such as "2026-12-25".';
const date = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, wrongDate)
  .refine((text) => {
    const ms = Date.parse(`${text}T00:00:00Z`);
    return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
  }, wrongDate)
  .refine((text) => text >= '2000' && text < '2101', 'A year from 2000 to 2100.')
  .meta({ format: 'date', examples: ['2026-12-25'] });

const skipDate = date.meta({ id: 'SkipDate', description: 'All of a day.' });
const skipDates = z
  .strictObject({ from: date, to: date })
  .meta({ id: 'SkipDates', description: 'All days from one to the other.' });
const skipCalendar = z.strictObject(calendarFields).meta({
  id: 'SkipCalendar',
  description: 'Times of which all fields match. A field that is not given matches every value.',
});

const skip = z.union([skipDate, skipDates, skipCalendar], {
  error: 'Not a date such as "2026-12-25", an object with "from" and "to", or a calendar.',
});

/** Accepts one value in place of a list of one. */
const oneOrMore = <T extends z.ZodType>(item: T, max: number, what: string) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z.array(item).max(max, `At most ${max} ${what}.`).default([]),
  );

/** When a schedule runs, as clients write it. What the texts mean is checked by src/schedules/compile.ts. */
export const whenInput = z
  .strictObject({
    cron: oneOrMore(cronText, maxCrons, 'cron expressions').meta({
      type: 'array',
      maxItems: maxCrons,
      items: { type: 'string', maxLength: maxCronLength },
      default: [],
      description:
        'Cron expressions of five fields, as in crontab(5): minute, hour, day of month, month, day of week. Names ' +
        '(`MON`, `JAN`), ranges that wrap (`FRI-MON`), steps, lists, `L` (last day), `L-2` (two days before it), `5L` ' +
        '(last Friday), `MON#3` (third Monday), and `@daily` and the like are understood. Can also be one text.',
    }),
    seconds: z
      .boolean()
      .default(false)
      .meta({ description: 'Cron expressions have six fields, of which seconds are the first.' }),
    day_match: z
      .enum(['or', 'and'])
      .default('or')
      .meta({
        description:
          'How a cron expression is read that restricts both the day of the month and the day of the week. `or`: one of ' +
          'them must match, as in crontab(5). `and`: both must match. A field that begins with `*` restricts nothing.',
      }),
    every: z.array(interval).max(maxIntervals, `At most ${maxIntervals} intervals.`).default([]).meta({
      description: 'Intervals of real time: they know neither time zones nor daylight saving time.',
    }),
    calendar: z
      .array(calendar)
      .max(maxCalendars, `At most ${maxCalendars} calendars.`)
      .default([])
      .meta({ description: 'Times given field by field.' }),
    skip: z
      .array(skip)
      .max(maxSkips, `At most ${maxSkips} dates and calendars.`)
      .default([])
      .meta({ description: 'Times at which it does not run, in the time zone of the schedule.' }),
    timezone: z
      .string()
      .max(64)
      .default('UTC')
      .meta({ description: 'Name of a time zone of the IANA database.', examples: ['Europe/Oslo'] }),
    jitter: z.int().min(0).max(maxJitterSeconds).default(0).meta({
      description:
        'Maximum delay of each run, in seconds. It is the same whenever it is computed, and ends before the next time.',
    }),
    start_at: instantInput.nullable().default(null).meta({ description: 'Does not run before this time.' }),
    end_at: instantInput.nullable().default(null).meta({ description: 'Does not run after this time.' }),
  })
  .meta({ id: 'When', examples: [whenExample] });
export type When = z.output<typeof whenInput>;

export const previewInput = z
  .strictObject({
    when: whenInput,
    count: z.int().min(1).max(maxPreviewCount).default(10),
    from: instantInput.optional().meta({ description: 'Shows the times after this one. Default: now.' }),
  })
  .meta({ id: 'PreviewInput', examples: [{ when: whenExample }] });
export type PreviewInput = z.output<typeof previewInput>;

const dst = z.enum(['repeat_first', 'repeat_second']).meta({
  id: 'RepeatedTime',
  description:
    'Set if the clocks are turned back, so that this local time comes twice: which of the two it is. Both are run.',
});

export const scheduledTime = z
  .object({
    at: instant,
    local: z.string().meta({
      description: 'The same time in the time zone of the schedule, with its offset.',
      examples: ['2030-01-31T10:30:00+01:00'],
    }),
    dst: orNull(dst),
  })
  .meta({ id: 'ScheduledTime' });
export type ScheduledTime = z.infer<typeof scheduledTime>;

export const skippedTime = z
  .object({
    local: z.string().meta({
      description: 'The local time; with its offset, if it exists.',
      examples: ['2030-03-31T02:30:00'],
    }),
    reason: z.enum(['gap', 'left_out']).meta({
      description:
        '`gap`: clocks are turned forward over this local time, which therefore does not exist. `left_out`: Temporal ' +
        'leaves it out, within a day of a turn of the clocks.',
    }),
  })
  .meta({ id: 'SkippedTime' });
export type SkippedTime = z.infer<typeof skippedTime>;

export const preview = z
  .object({
    next: z.array(scheduledTime).readonly(),
    skipped: z.array(skippedTime).readonly().meta({
      description:
        'The first ten local times until the last of `next`, or within 13 months, that do not exist.',
    }),
    words: z.string().meta({ description: 'When it runs, in words.' }),
    min_gap: z.number().nullable().meta({
      description: 'Smallest gap among the next 200 times, in seconds. null if there are fewer than two.',
    }),
    timezone: z.string().meta({ description: 'The time zone, as it is spelt in the IANA database.' }),
    warnings: z.array(z.string()).readonly().meta({ description: 'What its author may not have meant.' }),
  })
  .meta({ id: 'SchedulePreview', examples: [previewExample] });
export type Preview = z.infer<typeof preview>;
