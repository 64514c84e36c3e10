/** Schemas of a task as clients see it, and of the requests that create and edit one. */
import { z } from 'zod';
import './validation-messages.ts';
import {
  attemptExample,
  countsExample,
  editExample,
  feedExample,
  referenceExample,
  replaceExample,
  statusExample,
  summaryExample,
  taskExample,
} from './examples.ts';
import { instant, instantInput } from './instant.ts';
import { jsonValue } from './json.ts';
import { defaultSoftTimeLimit, defaultTimeLimit, maxTimeLimitSeconds } from './limits.ts';
import { orNull } from './or-null.ts';
import { afterPolicies, maxPredecessors } from './predecessors.ts';
import { defaultRetryPolicy, retryFields, retryPolicy } from './retry-policy.ts';
import { taskStatuses } from './status.ts';

export const taskStatus = z.enum(taskStatuses).meta({
  id: 'TaskStatus',
  description: 'COMPLETED, FAILED and CANCELLED end a run. A retry starts a new run.',
});

export const waiting = orNull(
  z
    .object({
      reason: z.enum(['time', 'after', 'paused', 'worker', 'backoff', 'cancelling', 'stuck']),
      until: instant.optional(),
    })
    .meta({ id: 'Waiting', description: 'Why an unfinished task is not running now.' }),
);
export type Waiting = z.infer<typeof waiting>;

export const progress = orNull(
  z
    .object({ percent: z.number().min(0).max(100), message: z.string() })
    .meta({ id: 'Progress', description: 'Progress of the running attempt.' }),
);

const timeLimit = (fallback: number, description: string) =>
  z
    .int()
    .min(1)
    .max(maxTimeLimitSeconds)
    .default(fallback)
    .meta({ description: `Time in seconds after which ${description}.` });

/** Error of an attempt or of a run. */
export const errorReport = z
  .object({
    type: z.string().meta({ description: 'A short, stable word for the kind of failure.' }),
    message: z.string(),
  })
  .meta({ id: 'ErrorReport' });

export const attemptSchema = z
  .object({
    attempt: z.int(),
    started_at: instant,
    finished_at: instant.nullable(),
    worker: z.string().meta({
      description: 'Identity of the worker. Empty if the worker was lost before its first heartbeat.',
    }),
    outcome: z.enum(['running', 'completed', 'failed', 'cancelled', 'lost', 'handed_back']).meta({
      description:
        '`lost`: the worker or its process was lost. `handed_back`: the worker shut down. Neither uses up a retry.',
    }),
    error: orNull(errorReport),
    log: z.array(z.string()).readonly().meta({
      description:
        'Last 200 lines of the log, at most 16 KiB. For a running attempt, they can be up to 2 seconds old.',
    }),
  })
  .meta({ id: 'Attempt', examples: [attemptExample] });
export type Attempt = z.infer<typeof attemptSchema>;

const printable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();
const unprintable = 'Null characters and lone surrogates are not allowed.';
/** Returns a check of a text's length, in code points rather than UTF-16 units, of which each takes one or two. */
const atMost = (limit: number) => (text: string) =>
  text.length <= limit || (text.length <= 2 * limit && Array.from(text).length <= limit);

export const nameInput = z
  .string({
    error: (issue) => (issue.input === undefined ? 'This field is required.' : 'Not a valid string.'),
  })
  .refine((text) => text.trim() !== '', 'This field may not be blank.')
  .refine(atMost(200), 'Ensure this field has no more than 200 characters.')
  .refine(printable, unprintable)
  .meta({ minLength: 1, maxLength: 200, examples: ['Nightly summary'] });

const descriptionInput = z
  .string()
  .refine(atMost(10_000), 'Ensure this field has no more than 10000 characters.')
  .refine(printable, unprintable)
  .meta({ maxLength: 10_000 });

export const tag = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'A tag must have 1–64 characters out of A–Z a–z 0–9 _ . : -');

const tagsInput = z
  .array(tag)
  .max(10, 'At most 10 tags.')
  .refine((tags) => new Set(tags).size === tags.length, 'Tags must be unique.')
  .meta({ uniqueItems: true });

const afterInput = z
  .array(z.uuid('Not a valid task id.').toLowerCase())
  .max(maxPredecessors, `At most ${maxPredecessors} tasks.`)
  .refine((ids) => new Set(ids).size === ids.length, 'Task ids must be unique.')
  .meta({
    uniqueItems: true,
    description:
      'Ids of your tasks that must end before this one can run. Its own scheduled time applies after that.',
  });

const afterPolicy = z.enum(afterPolicies).meta({
  description:
    'Required outcome of the tasks in `after`. `completed`: if one fails, is cancelled or is deleted, this task ' +
    'fails. `any`: every outcome is accepted.',
});

const delayInput = z
  .number()
  .min(0)
  .max(10 * 366 * 86_400)
  .meta({ description: 'Delay from now in seconds, instead of `scheduled_time`.' });

/** Fields that only the service writes are accepted and ignored, so that clients can send back a representation. */
const readOnly = z.unknown().optional().meta({ readOnly: true });
const readOnlyFields = {
  id: readOnly,
  status: readOnly,
  waiting: readOnly,
  progress: readOnly,
  attempt: readOnly,
  attempts: readOnly,
  retry_count: readOnly,
  max_retries: readOnly,
  result: readOnly,
  error_message: readOnly,
  created_at: readOnly,
  run_created_at: readOnly,
  updated_at: readOnly,
  started_at: readOnly,
  finished_at: readOnly,
  version: readOnly,
  owner: readOnly,
  schedule: readOnly,
  links: readOnly,
};

const fields = {
  description: descriptionInput,
  type: z
    .string()
    .max(64)
    .meta({ examples: ['process-data'] }),
  payload: jsonValue.meta({
    type: 'object',
    additionalProperties: true,
    description: 'Input of the handler, validated by the task type. At most 256 KiB.',
  }),
  tags: tagsInput,
  priority: z.int().min(1).max(5).meta({ description: 'Priority from 1 (most urgent) to 5.' }),
  retry: retryPolicy,
  soft_time_limit: timeLimit(defaultSoftTimeLimit, 'the handler is asked to stop'),
  time_limit: timeLimit(defaultTimeLimit, 'the attempt is ended'),
};

/** Reports all errors at once: by default, zod skips a check of the whole object if one of its fields is invalid. */
const besideOthers = {
  when: ({ value }: { value: unknown }): boolean => typeof value === 'object' && value !== null,
};

/** POST /api/tasks/ */
export const createTaskInput = z
  .strictObject({
    ...readOnlyFields,
    name: nameInput,
    scheduled_time: instantInput.optional(),
    delay: delayInput.optional(),
    description: fields.description.default(''),
    type: fields.type.default('process-data'),
    payload: fields.payload.default({}),
    tags: fields.tags.default([]),
    priority: fields.priority.default(3),
    retry: fields.retry.default(defaultRetryPolicy),
    soft_time_limit: fields.soft_time_limit,
    time_limit: fields.time_limit,
    // No defaults: they would change the digest that ties an Idempotency-Key to its request.
    after: afterInput.optional(),
    after_policy: afterPolicy.optional(),
  })
  .superRefine(oneTime, besideOthers)
  .meta({ id: 'CreateTask', description: `Needs one of \`scheduled_time\` and \`delay\`.` });
export type CreateTaskInput = z.infer<typeof createTaskInput>;

const editFields = {
  ...readOnlyFields,
  name: nameInput.optional(),
  scheduled_time: instantInput.optional(),
  delay: delayInput.optional(),
  description: fields.description.optional(),
  type: fields.type.optional(),
  payload: fields.payload.optional(),
  tags: fields.tags.optional(),
  priority: fields.priority.optional(),
  retry: z
    .strictObject(retryFields)
    .partial()
    .meta({ id: 'EditRetryPolicy', description: 'The fields of the retry policy to change.' })
    .optional(),
  soft_time_limit: fields.soft_time_limit.unwrap().optional(),
  time_limit: fields.time_limit.unwrap().optional(),
  after: afterInput.optional().meta({ description: 'Cannot be changed.' }),
  after_policy: afterPolicy.optional().meta({ description: 'Cannot be changed.' }),
};

/** PATCH /api/tasks/:id/, and the changes of a retry. Omitted fields stay unchanged. */
export const editTaskInput = z
  .strictObject(editFields)
  .superRefine(oneTimeOnly, besideOthers)
  .meta({
    id: 'EditTask',
    description: 'Can have `scheduled_time` or `delay`, but not both.',
    examples: [editExample],
  });
export type EditTaskInput = z.infer<typeof editTaskInput>;

/** PUT /api/tasks/:id/. Omitted fields stay unchanged, too, but those that a new task needs must be given. */
export const replaceTaskInput = z
  .strictObject({ ...editFields, name: nameInput })
  .superRefine(oneTime, besideOthers)
  .meta({
    id: 'ReplaceTask',
    description: 'Needs one of `scheduled_time` and `delay`.',
    examples: [replaceExample],
  });

type Times = { readonly scheduled_time?: unknown; readonly delay?: unknown };

function oneTime(task: Times, context: z.RefinementCtx): void {
  if (task.scheduled_time === undefined && task.delay === undefined) {
    context.addIssue({ code: 'custom', path: ['scheduled_time'], message: 'This field is required.' });
  }
  oneTimeOnly(task, context);
}

function oneTimeOnly(task: Times, context: z.RefinementCtx): void {
  if (task.scheduled_time === undefined || task.delay === undefined) return;
  context.addIssue({
    code: 'custom',
    path: ['delay'],
    message: 'Provide either scheduled_time or delay, not both.',
  });
}

/** The schedule that has started a task. */
export const taskSchedule = z.object({ id: z.uuid(), name: z.string() }).meta({
  id: 'TaskSchedule',
  description: 'The schedule that started the task, by the name that it had then.',
});

/** Fields of every representation of a task, including those in lists and feed messages. */
const summary = {
  id: z.uuid(),
  name: z.string(),
  description: z.string().meta({ description: 'Truncated to 200 characters in lists.' }),
  type: z.string(),
  status: taskStatus,
  waiting,
  progress,
  scheduled_time: instant,
  tags: z.array(z.string()).readonly(),
  priority: z.int(),
  retry: retryPolicy,
  soft_time_limit: z.int(),
  time_limit: z.int(),
  after: z
    .array(z.string())
    .readonly()
    .meta({ description: 'Ids of the tasks that must end before this one can run.' }),
  after_policy: afterPolicy,
  attempt: z.int().meta({ description: 'Number of attempts started so far in this run.' }),
  retry_count: z
    .int()
    .meta({ description: 'Number of retries so far, automatic and manual, across all runs.' }),
  max_retries: z.int(),
  result: jsonValue.nullable().meta({ description: 'Null in lists. Retrieve the task to get it.' }),
  error_message: z.string().nullable(),
  created_at: instant,
  run_created_at: instant.meta({
    description:
      'When its current run was created. Retrying the task creates another run, and so does resetting it in Temporal, ' +
      'which can lower `version`: the state of the run that was created later is the newer one.',
  }),
  updated_at: instant,
  started_at: instant
    .nullable()
    .meta({ description: 'In lists, null for a task that succeeded on its first attempt.' }),
  finished_at: instant.nullable(),
  version: z.int(),
  owner: z.string(),
  schedule: orNull(taskSchedule),
  links: z.object({ self: z.string(), events: z.string(), temporal: z.string().optional() }),
};

export const taskSummary = z.object(summary).meta({ id: 'TaskSummary', examples: [summaryExample] });
export type TaskSummary = z.infer<typeof taskSummary>;

export const task = z
  .object({
    ...summary,
    payload: jsonValue,
    attempts: z.array(attemptSchema).readonly(),
  })
  .meta({ id: 'Task', examples: [taskExample] });
export type Task = z.infer<typeof task>;

/** What a request that writes answers to an API key that may not read. */
export const taskReference = taskSummary.pick({ id: true, status: true }).meta({
  id: 'TaskReference',
  description: 'All that an API key without the scope `read` learns of a task.',
  examples: [referenceExample],
});

/** A task in the response to a request that writes. */
export const writtenTask = z
  .union([task, taskReference])
  .meta({ id: 'WrittenTask', examples: [taskExample, referenceExample] });

/** GET /api/tasks/counts/ */
export const taskCounts = z.object({ counts: z.record(taskStatus, z.int()), total: z.int() }).meta({
  id: 'TaskCounts',
  description: 'Number of tasks by status. Can lag by up to two seconds.',
  examples: [countsExample],
});
export type TaskCounts = z.infer<typeof taskCounts>;

/** GET /api/tasks/:id/status/ */
export const taskStatusView = taskSummary
  .pick({
    id: true,
    status: true,
    result: true,
    error_message: true,
    created_at: true,
    run_created_at: true,
    updated_at: true,
    waiting: true,
    progress: true,
    attempt: true,
    retry_count: true,
    version: true,
  })
  .meta({ id: 'TaskStatusView', examples: [statusExample] });

/** Message that a watcher of a task receives, as JSON. */
export const feedMessage = z
  .discriminatedUnion('type', [
    taskSummary
      .extend({ type: z.literal('task'), task_type: z.string() })
      .meta({ id: 'TaskMessage', description: 'A state of a task.' }),
    z
      .object({ type: z.literal('deleted'), id: z.uuid() })
      .meta({ id: 'DeletedMessage', description: 'The task no longer exists.' }),
    z
      .object({
        type: z.literal('notice'),
        notice: z.enum(['unreachable', 'resumed', 'draining']),
        detail: z.string(),
      })
      .meta({ id: 'NoticeMessage', description: 'A message about the feed itself.' }),
  ])
  .meta({ id: 'FeedMessage', examples: [feedExample] });
export type FeedMessage = z.infer<typeof feedMessage>;
