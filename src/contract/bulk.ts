/** Many tasks in one request. */
import { z } from 'zod';
import { actionResultsExample, actionsExample, bulkExample, bulkResultsExample } from './examples.ts';
import { fieldError } from './problem.ts';
import { taskFilter, type TaskFilter } from './filter.ts';
import { jsonValue } from './json.ts';
import { taskReference, taskSummary } from './task.ts';

export const maxBulkTasks = 1000;

/** POST /api/tasks/bulk/. Items are validated one by one, so an invalid one does not affect the others. */
export const bulkInput = z
  .strictObject({
    tasks: z
      .array(jsonValue)
      .min(1)
      .max(maxBulkTasks)
      .meta({
        type: 'array',
        minItems: 1,
        maxItems: maxBulkTasks,
        items: { $ref: '#/components/schemas/CreateTask' },
      }),
  })
  .meta({ id: 'BulkCreate', examples: [bulkExample] });

const failure = {
  code: z.string(),
  detail: z.string(),
  errors: z
    .array(fieldError)
    .optional()
    .meta({ description: 'Invalid fields. Pointers are relative to the item.' }),
};

const writtenTask = z.union([taskSummary, taskReference]);
const rejectedTask = z
  .object({ status: z.int(), ...failure })
  .meta({ id: 'RejectedTask', description: 'The error with which a task was rejected.' });

const bulkResult = z.union([z.object({ status: z.literal(201), task: taskSummary }), rejectedTask]);
export type BulkResult = z.infer<typeof bulkResult>;

export const writtenBulkResult = z.union([
  z
    .object({ status: z.literal(201).meta({ type: 'integer' }), task: writtenTask })
    .meta({ id: 'CreatedTask', description: 'A task that was created.' }),
  rejectedTask,
]);
export type WrittenBulkResult = z.infer<typeof writtenBulkResult>;

export const bulkResults = z.object({ results: z.array(writtenBulkResult) }).meta({
  id: 'BulkResults',
  description: 'Results in the order of the tasks in the request.',
  examples: [bulkResultsExample],
});
export const actionNames = ['cancel', 'retry', 'pause', 'resume', 'run-now', 'delete'] as const;
export type ActionName = (typeof actionNames)[number];

interface Meant {
  readonly filter?: TaskFilter | undefined;
  readonly all: boolean;
  readonly dry_run: boolean;
}

/** Rejects a filter without any condition, which a program may send by mistake, unless the request says that it is meant. */
function emptyOnlyIfMeant({ filter, all, dry_run }: Meant, context: z.RefinementCtx): void {
  const isEmpty = filter !== undefined && Object.values(filter).every((condition) => condition === undefined);
  if (isEmpty && !all && !dry_run) {
    const message = 'An empty filter matches every task. Add a condition, or "all": true.';
    context.addIssue({ code: 'custom', path: ['filter'], message });
  }
  if (all && !isEmpty)
    context.addIssue({ code: 'custom', path: ['all'], message: 'Only for an empty filter.' });
}

/** POST /api/tasks/actions/ */
export const actionsInput = z
  .strictObject({
    action: z.enum(actionNames),
    ids: z
      .array(z.uuid().transform((id) => id.toLowerCase()))
      .min(1)
      .max(maxBulkTasks)
      .optional(),
    filter: taskFilter.optional(),
    all: z.boolean().default(false).meta({
      description: 'Required with an empty filter, which matches every task, unless it is a dry run.',
    }),
    dry_run: z.boolean().default(false),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    message: 'Provide exactly one of ids and filter.',
    path: ['ids'],
  })
  .superRefine(emptyOnlyIfMeant, { when: ({ issues }) => issues.length === 0 })
  .meta({
    id: 'Actions',
    description: 'Needs one of `ids` and `filter`.',
    examples: [actionsExample],
  });

const actionDone = {
  id: z.string(),
  status: z
    .int()
    .meta({ description: '200, or 202 if the effect is not visible yet. 204 if the task was deleted.' }),
};
const actionRejected = z
  .object({ id: z.string(), status: z.int(), ...failure })
  .meta({ id: 'ActionRejected', description: 'The error with which the action was rejected.' });

const actionResult = z.union([z.object({ ...actionDone, task: taskSummary.optional() }), actionRejected]);
export type ActionResult = z.infer<typeof actionResult>;

export const writtenActionResult = z.union([
  z
    .object({ ...actionDone, task: writtenTask.optional() })
    .meta({ id: 'ActionDone', description: 'What the action did.' }),
  actionRejected,
]);
export type WrittenActionResult = z.infer<typeof writtenActionResult>;

export const actionResults = z
  .object({ results: z.array(writtenActionResult) })
  .meta({ id: 'ActionResults', examples: [actionResultsExample] });

export const dryRunResult = z.object({ matched: z.int() }).meta({
  id: 'DryRun',
  description: 'Number of tasks that the action would be tried on.',
  examples: [{ matched: 12 }],
});
