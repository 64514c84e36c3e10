/** What the first page of the dashboard shows. */
import { z } from 'zod';
import { overviewExample } from './examples.ts';
import { filterFields } from './filter.ts';
import { instant } from './instant.ts';

/** How long a range is told: so many buckets of so many seconds. */
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
      description: '12 buckets of 5 minutes, 24 of an hour, or 28 of 6 hours.',
      examples: ['day'],
    }),
  owner: filterFields.owner,
});
export type OverviewQuery = z.infer<typeof overviewQuery>;

const seconds = z.number().min(0).meta({ description: 'Seconds.' });

const lateness = z
  .object({
    count: z.int().meta({ description: 'Runs looked at.' }),
    p50: seconds,
    p95: seconds,
    max: seconds,
  })
  .nullable()
  .meta({
    description:
      'How long after its time a run began, paused or not. A sample: at most the 25 that ended last, but those that ' +
      'followed other tasks. Null where none of them had begun.',
  });
export type Lateness = z.infer<typeof lateness>;

const bucket = z.object({
  from: instant,
  completed: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  lateness,
});
export type OverviewBucket = z.infer<typeof bucket>;

const due = z
  .object({ from: instant, bucket_seconds: z.int(), counts: z.array(z.int()).readonly(), total: z.int() })
  .meta({ description: 'Scheduled tasks, paused or not, whose time comes within the next hour.' });
export type DueTasks = z.infer<typeof due>;

const worker = z.object({
  identity: z.string().meta({ description: 'As the attempts of a task name it.' }),
  last_seen_at: instant,
  started_at: instant.nullable(),
  attempts: z
    .object({
      used: z.int().meta({ description: 'Slots with an attempt in them.' }),
      available: z.int(),
      completed: z.int().meta({ description: 'Since the worker has started, as is `failed`.' }),
      failed: z.int(),
    })
    .nullable()
    .meta({ description: 'As of its last heartbeat; null where there has been none.' }),
});
export type WorkerSeen = z.infer<typeof worker>;

/** GET /api/overview/ */
export const overview = z
  .object({
    now: instant,
    from: instant,
    to: instant.meta({ description: 'The end of the last bucket, which is the present one.' }),
    bucket_seconds: z.int(),
    buckets: z.array(bucket).readonly().meta({
      description: 'Oldest first. Every run that has ended counts, those that a retry has replaced as well.',
    }),
    due,
    workers: z.array(worker).readonly().meta({ description: 'Those that take attempts, at most 200.' }),
    temporal: z.object({
      latency_ms: z.number().meta({ description: 'What a call took just now.' }),
      server_version: z.string(),
      namespace: z.string(),
    }),
  })
  .meta({ id: 'Overview', description: 'May lag by five seconds.', examples: [overviewExample] });
export type Overview = z.infer<typeof overview>;
