/** GET /api/tasks/:id/history/: what happened to a task, when, and by whom. */
import { z } from 'zod';
import { historyExample } from './examples.ts';
import { instant } from './instant.ts';
import { attemptReport } from './task.ts';

const author = z
  .object({ id: z.string(), name: z.string().nullable() })
  .nullable()
  .meta({ description: 'The account; null where it was nobody, or somebody outside of Taskbell.' });

const change = z
  .object({ field: z.string(), from: z.unknown().optional(), to: z.unknown().optional() })
  .meta({ description: 'What it was and what it became; of a payload or description only that it changed.' });

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
        '`predecessor_over`: a task that it follows has ended. `due`: its time came, or somebody made it run. `attempt`: one is over, or runs now. The last two: ended from ' +
        'outside of Taskbell.',
    }),
    run_id: z.string().meta({ description: 'A retry begins a new run.' }),
    by: author,
    changes: z.array(change).optional(),
    predecessor: z
      .object({ id: z.string(), ended: z.enum(['COMPLETED', 'FAILED', 'CANCELLED', 'DELETED']) })
      .optional(),
    attempt: attemptReport.optional(),
    error: z.object({ type: z.string(), message: z.string() }).optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'HistoryEntry', examples: [historyExample] });
export type HistoryEntry = z.infer<typeof historyEntry>;
