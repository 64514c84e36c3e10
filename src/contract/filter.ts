/** Filter that selects the tasks of a list, its counts, a feed or a bulk action. */
import { z } from 'zod';
import { instantInput } from './instant.ts';
import { searchableName, searchableTag } from './searchable.ts';
import { tag, taskStatus, type TaskSummary } from './task.ts';

/** Builds the schema of a parameter that can be repeated, or given once as a comma-separated list. */
function several<T extends z.ZodType>(item: T, max: number) {
  const split = (value: unknown): unknown =>
    value === undefined
      ? undefined
      : [value].flat().flatMap((part) => (typeof part === 'string' ? part.split(',') : [part]));
  return z.preprocess(split, z.array(item).min(1).max(max).readonly().optional());
}

/**
 * OpenAPI type of such a parameter, which can't be derived from a preprocessing step. The comma-separated form is
 * described in words: most generators of clients reject a parameter of two types.
 */
const list = { type: 'array' as const, minItems: 1 };
const commas = 'Can also be one comma-separated text.';

export const filterFields = {
  status: several(taskStatus, 6).meta({
    ...list,
    maxItems: 6,
    items: { $ref: '#/components/schemas/TaskStatus' },
    description: `Matches tasks with any of these statuses. ${commas}`,
  }),
  type: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}$/, 'Not a valid task type name.')
    .optional()
    .meta({ examples: ['process-data'] }),
  tag: several(tag, 10).meta({
    ...list,
    maxItems: 10,
    items: { type: 'string', pattern: '^[A-Za-z0-9_.:-]{1,64}$' },
    description: `Matches tasks with all of these tags. Case-insensitive. ${commas}`,
  }),
  name: z
    .string()
    .min(1)
    .max(400)
    .optional()
    .meta({ description: 'Matches tasks whose name starts with this text. Case-insensitive.' }),
  scheduled_after: instantInput
    .optional()
    .meta({ description: 'Matches tasks scheduled at or after this time.' }),
  scheduled_before: instantInput
    .optional()
    .meta({ description: 'Matches tasks scheduled before this time.' }),
  created_after: instantInput
    .optional()
    .meta({ description: 'Matches tasks created at or after this time.' }),
  created_before: instantInput.optional().meta({ description: 'Matches tasks created before this time.' }),
  schedule: z
    .uuid('Not a valid schedule id.')
    .toLowerCase()
    .optional()
    .meta({ description: 'Matches the tasks that this schedule has started.' }),
  owner: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,255}$/, 'Not a valid account id.')
    .optional()
    .meta({
      description:
        'Id of the account that owns the tasks. For admins, who see the tasks of all accounts by default.',
    }),
};

/** Matches tasks that meet every condition. Without conditions, matches every task that the caller may see. */
export const taskFilter = z.strictObject(filterFields).meta({ id: 'TaskFilter' });
export type TaskFilter = z.infer<typeof taskFilter>;

/** Returns whether a task matches a filter, by the same rules as lists. */
export function matchesFilter(filter: TaskFilter, task: TaskSummary): boolean {
  const { status, type, tag: wanted = [], name, owner, schedule } = filter;
  const tags = new Set(task.tags.map(searchableTag));
  return (
    (status === undefined || status.includes(task.status)) &&
    (type === undefined || task.type === type) &&
    wanted.every((one) => tags.has(searchableTag(one))) &&
    (name === undefined || searchableName(task.name).startsWith(searchableName(name))) &&
    (owner === undefined || task.owner === owner) &&
    (schedule === undefined || task.schedule?.id === schedule) &&
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
