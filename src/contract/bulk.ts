/** Many tasks in one request. */
import { z } from 'zod';
import { actionResultsExample, actionsExample, bulkExample, bulkResultsExample } from './examples.ts';
import { fieldError } from './problem.ts';
import { taskFilter } from './filter.ts';
import { jsonValue } from './json.ts';
import { taskSummary } from './task.ts';

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

export const bulkResult = z.union([
  z
    .object({ status: z.literal(201).meta({ type: 'integer' }), task: taskSummary })
    .meta({ id: 'CreatedTask', description: 'A task that was created.' }),
  z
    .object({ status: z.int(), ...failure })
    .meta({ id: 'RejectedTask', description: 'The error with which a task was rejected.' }),
]);

export const bulkResults = z.object({ results: z.array(bulkResult) }).meta({
  id: 'BulkResults',
  description: 'Results in the order of the tasks in the request.',
  examples: [bulkResultsExample],
});
export type BulkResult = z.infer<typeof bulkResult>;

export const actionNames = ['cancel', 'retry', 'pause', 'resume', 'run-now', 'delete'] as const;
export type ActionName = (typeof actionNames)[number];

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
    dry_run: z.boolean().default(false),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    message: 'Provide exactly one of ids and filter.',
    path: ['ids'],
  })
  .meta({
    id: 'Actions',
    description: 'Needs one of `ids` and `filter`.',
    examples: [actionsExample],
  });

export const actionResult = z.union([
  z
    .object({
      id: z.string(),
      status: z
        .int()
        .meta({ description: '200, or 202 if the effect is not visible yet. 204 if the task was deleted.' }),
      task: taskSummary.optional(),
    })
    .meta({ id: 'ActionDone', description: 'What the action did.' }),
  z
    .object({ id: z.string(), status: z.int(), ...failure })
    .meta({ id: 'ActionRejected', description: 'The error with which the action was rejected.' }),
]);
export type ActionResult = z.infer<typeof actionResult>;

export const actionResults = z
  .object({ results: z.array(actionResult) })
  .meta({ id: 'ActionResults', examples: [actionResultsExample] });

export const dryRunResult = z.object({ matched: z.int() }).meta({
  id: 'DryRun',
  description: 'Number of tasks that the action would be tried on.',
  examples: [{ matched: 12 }],
});
