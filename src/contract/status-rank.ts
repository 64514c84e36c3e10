import type { TaskStatus } from './task.ts';

/** Progress of a run in each status. Within one version, a state with a lower rank is the older one. */
export const statusRank: Readonly<Record<TaskStatus, number>> = {
  SCHEDULED: 0,
  PENDING: 1,
  RUNNING: 2,
  COMPLETED: 3,
  FAILED: 3,
  CANCELLED: 3,
};
