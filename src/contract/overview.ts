/** Schemas of the overview, the first page of the dashboard. */
import { z } from 'zod';
import { overviewExample } from './examples.ts';
import { filterFields } from './filter.ts';
import { instant } from './instant.ts';
import { orNull } from './or-null.ts';

/** Number of buckets in each range, and their length in seconds. */
export const overviewRanges = {
  hour: { buckets: 12, seconds: 300 },
  day: { buckets: 24, seconds: 3600 },
  week: { buckets: 28, seconds: 21_600 },
} as const;

const rangeNames = ['hour', 'day', 'week'] as const satisfies readonly (keyof typeof overviewRanges)[];

export const overviewQuery = z.strictObject({
  range: z
    .enum(rangeNames)
    .default('hour')
    .meta({
      description: 'Period covered: 12 buckets of 5 minutes, 24 of 1 hour, or 28 of 6 hours.',
      examples: ['day'],
    }),
  owner: filterFields.owner,
});
export type OverviewQuery = z.infer<typeof overviewQuery>;

const seconds = z.number().min(0).meta({ description: 'Delay in seconds.' });

const lateness = orNull(
  z
    .object({
      count: z.int().meta({ description: 'Number of runs that were measured.' }),
      sampled: z.boolean().meta({
        description:
          'Whether these are a random sample, about 40, of more than 80 runs. Then the values are estimates: one late ' +
          'run in a hundred may not be among them.',
      }),
      p50: seconds,
      p95: seconds,
      max: seconds,
    })
    .meta({
      id: 'Lateness',
      description:
        'Delay between the scheduled time of a run and its start, pauses included, of the runs that ended in this ' +
        'period, except those of tasks that waited for others. Null if none of them had started.',
    }),
);
export type Lateness = z.infer<typeof lateness>;

const bucket = z
  .object({
    from: instant,
    completed: z.int(),
    failed: z.int(),
    cancelled: z.int(),
    lateness,
  })
  .meta({ id: 'OverviewBucket' });
export type OverviewBucket = z.infer<typeof bucket>;

const due = z
  .object({ from: instant, bucket_seconds: z.int(), counts: z.array(z.int()).readonly(), total: z.int() })
  .meta({
    id: 'DueTasks',
    description: 'Scheduled tasks that become due within the next hour, including paused ones.',
  });
export type DueTasks = z.infer<typeof due>;

const worker = z
  .object({
    identity: z
      .string()
      .meta({ description: 'Identity of the worker, as in the `worker` field of an attempt.' }),
    last_seen_at: instant,
    started_at: instant.nullable(),
    attempts: orNull(
      z
        .object({
          used: z.int().meta({ description: 'Number of slots that are running an attempt.' }),
          available: z.int(),
          completed: z.int().meta({ description: 'Count since the worker started, as is `failed`.' }),
          failed: z.int(),
        })
        .meta({
          id: 'WorkerAttempts',
          description: 'Attempts as of the last heartbeat. Null if there has been none.',
        }),
    ),
  })
  .meta({ id: 'Worker' });
export type WorkerSeen = z.infer<typeof worker>;

/** GET /api/overview/ */
export const overview = z
  .object({
    now: instant,
    from: instant,
    to: instant.meta({ description: 'End of the last bucket, which is the current one.' }),
    bucket_seconds: z.int(),
    buckets: z.array(bucket).readonly().meta({
      description: 'Oldest first. Counts every run that has ended, including runs that a retry has replaced.',
    }),
    due,
    workers: z.array(worker).readonly().meta({ description: 'Workers that accept attempts, at most 200.' }),
    temporal: z.object({
      latency_ms: z.number().meta({ description: 'Duration of a recent call, in milliseconds.' }),
      server_version: z.string(),
      namespace: z.string(),
    }),
  })
  .meta({ id: 'Overview', description: 'Can lag by up to five seconds.', examples: [overviewExample] });
export type Overview = z.infer<typeof overview>;
