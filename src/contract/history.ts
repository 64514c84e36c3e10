/** GET /api/tasks/:id/history/: what happened to a task, when, and by whom. */
import { z } from 'zod';
import { historyExample } from './examples.ts';
import { instant } from './instant.ts';
import { orNull } from './or-null.ts';
import { attemptSchema, errorReport } from './task.ts';

const author = orNull(
  z.object({ id: z.string(), name: z.string().nullable() }).meta({
    id: 'Author',
    description: 'Account behind the entry. Null if there is none, or if it happened outside Taskbell.',
  }),
);

const change = z
  .object({ field: z.string(), from: z.unknown().optional(), to: z.unknown().optional() })
  .meta({
    id: 'Change',
    description:
      'Old and new value of a field, so that the payload of an earlier run can be read. A change of which one value ' +
      'has over 4,096 characters of JSON is listed without its values.',
  });

export const historyEntryTypes = [
  'created',
  'retried',
  'rescheduled',
  'edited',
  'paused',
  'resumed',
  'run_now',
  'predecessor_over',
  'due',
  'attempt',
  'cancel_requested',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'timed_out',
] as const;

export const historyEntry = z
  .object({
    at: instant,
    type: z.enum(historyEntryTypes).meta({
      description:
        '`predecessor_over`: a task in `after` has ended. `due`: the scheduled time came, or the task was run now. ' +
        '`attempt`: an attempt has ended, or is running. `terminated` and `timed_out`: the run was ended from ' +
        'outside Taskbell.',
    }),
    run_id: z.string().meta({ description: 'Id of the run. A retry starts a new run.' }),
    by: author,
    changes: z.array(change).optional(),
    predecessor: z
      .object({ id: z.string(), ended: z.enum(['COMPLETED', 'FAILED', 'CANCELLED', 'DELETED']) })
      .optional(),
    attempt: attemptSchema.optional(),
    error: errorReport.optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'HistoryEntry', examples: [historyExample] });
export type HistoryEntry = z.infer<typeof historyEntry>;
