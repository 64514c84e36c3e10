import type { TaskStatus } from './task.ts';

/** How far a run has come in each status: within one version, a state of a lower rank is the older one. */
export const statusRank: Readonly<Record<TaskStatus, number>> = {
  SCHEDULED: 0,
  PENDING: 1,
  RUNNING: 2,
  COMPLETED: 3,
  FAILED: 3,
  CANCELLED: 3,
};
