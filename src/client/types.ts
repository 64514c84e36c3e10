/** The shapes of the contract (src/contract), as a client sends and receives them. */
import type { z } from 'zod';
import type { actionNames, ActionResult, BulkResult } from '../contract/bulk.ts';
import type { taskFilter } from '../contract/filter.ts';
import type { overviewQuery } from '../contract/overview.ts';
import type { createTaskInput, editTaskInput, taskStatusView } from '../contract/task.ts';

export type { FieldError } from '../contract/errors.ts';
export type { HistoryEntry } from '../contract/history.ts';
export type { Overview } from '../contract/overview.ts';
export type { TaskStatus } from '../contract/status.ts';
export type { Attempt, FeedMessage, Task, TaskCounts, TaskSummary } from '../contract/task.ts';

export type NewTask = z.input<typeof createTaskInput>;
export type TaskChanges = z.input<typeof editTaskInput>;
export type OverviewRequest = z.input<typeof overviewQuery>;
export type TaskFilter = z.infer<typeof taskFilter>;
export type TaskStatusView = z.infer<typeof taskStatusView>;
export type ActionName = (typeof actionNames)[number];
export type { ActionResult, BulkResult };

export interface TaskType {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its payload. */
  readonly payload: Readonly<Record<string, unknown>>;
}
