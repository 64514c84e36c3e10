/** Which tasks a list, its counts, a feed or a bulk action is about. */
import { z } from 'zod';
import { instantInput } from './instant.ts';
import { searchableName, searchableTag } from './searchable.ts';
import { tag, taskStatus, type TaskSummary } from './task.ts';

/** A parameter that may be given several times, or once with commas. */
function several<T extends z.ZodType>(item: T, most: number) {
  const split = (value: unknown): unknown =>
    value === undefined
      ? undefined
      : [value].flat().flatMap((part) => (typeof part === 'string' ? part.split(',') : [part]));
  return z.preprocess(split, z.array(item).min(1).max(most).readonly().optional());
}

/** What the description cannot see behind a preprocessing step: one will do, and several with commas. */
const listOrText = { type: ['array', 'string'] as ('array' | 'string')[], minItems: 1 };

export const filterFields = {
  status: several(taskStatus, 6).meta({
    ...listOrText,
    maxItems: 6,
    items: { type: 'string', enum: taskStatus.options },
    description: 'Any of these.',
  }),
  type: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}$/, "Not a task type's name.")
    .optional()
    .meta({ examples: ['process-data'] }),
  tag: several(tag, 10).meta({
    ...listOrText,
    maxItems: 10,
    items: { type: 'string', pattern: '^[A-Za-z0-9_.:-]{1,64}$' },
    description: 'All of these; upper and lower case are the same.',
  }),
  name: z
    .string()
    .min(1)
    .max(400)
    .optional()
    .meta({ description: 'How the name begins; upper and lower case are the same.' }),
  scheduled_after: instantInput.optional().meta({ description: 'At this instant or later.' }),
  scheduled_before: instantInput.optional().meta({ description: 'Before this instant.' }),
  created_after: instantInput.optional().meta({ description: 'At this instant or later.' }),
  created_before: instantInput.optional().meta({ description: 'Before this instant.' }),
  owner: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,255}$/, "Not an account's id.")
    .optional()
    .meta({ description: 'An account; for admins, who otherwise see the tasks of all.' }),
};

/** All conditions hold; no condition at all: every task that the caller may see. */
export const taskFilter = z.strictObject(filterFields).meta({ id: 'TaskFilter' });
export type TaskFilter = z.infer<typeof taskFilter>;

/** Whether a task fits a filter, as a list would say. */
export function matchesFilter(filter: TaskFilter, task: TaskSummary): boolean {
  const { status, type, tag: wanted = [], name, owner } = filter;
  const tags = new Set(task.tags.map(searchableTag));
  return (
    (status === undefined || status.includes(task.status)) &&
    (type === undefined || task.type === type) &&
    wanted.every((one) => tags.has(searchableTag(one))) &&
    (name === undefined || searchableName(task.name).startsWith(searchableName(name))) &&
    (owner === undefined || task.owner === owner) &&
    isWithin(task.scheduled_time, filter.scheduled_after, filter.scheduled_before) &&
    isWithin(task.created_at, filter.created_after, filter.created_before)
  );
}

function isWithin(at: string, after: string | undefined, before: string | undefined): boolean {
  const ms = Date.parse(at);
  return (
    (after === undefined || ms >= Date.parse(after)) && (before === undefined || ms < Date.parse(before))
  );
}
