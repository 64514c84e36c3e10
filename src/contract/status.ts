/** The statuses of a task, and which of two of its states is the newer one. Runs in browsers as well. */

export const taskStatuses = ['SCHEDULED', 'PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

/** Statuses that end a run. */
export const ends = ['COMPLETED', 'FAILED', 'CANCELLED'] as const satisfies readonly TaskStatus[];
export type EndedStatus = (typeof ends)[number];
/** The same statuses as a set, in which any status can be looked up. */
export const endedStatuses: ReadonlySet<TaskStatus> = new Set<TaskStatus>(ends);

/** Progress of a run in each status. Within one version, a state with a lower rank is the older one. */
const statusRank: Readonly<Record<TaskStatus, number>> = {
  SCHEDULED: 0,
  PENDING: 1,
  RUNNING: 2,
  COMPLETED: 3,
  FAILED: 3,
  CANCELLED: 3,
};

/** The parts of a task's state that show which version of the task it is. */
export interface Versioned {
  readonly created_at: string;
  /** Missing in what an older service sends. */
  readonly run_created_at?: string | undefined;
  readonly version: number;
}

/** The parts of a task's state that show its age. */
export interface Aged extends Versioned {
  readonly status: TaskStatus;
  readonly attempt: number;
}

/**
 * Compares the versions of two states of a task: below 0 if `a` has the older one, above 0 if it has the newer one. Not
 * for sorting states of which only some have `run_created_at`.
 */
export function compareVersions(a: Versioned, b: Versioned): number {
  // The task was deleted and created again under the same id (by its Idempotency-Key): its version starts over.
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  // A run that someone has reset in Temporal continues from a point in the past of the one that it replaces, so its
  // version can be lower.
  const [runA, runB] = [a.run_created_at, b.run_created_at];
  if (runA !== undefined && runB !== undefined && runA !== runB) return runA < runB ? -1 : 1;
  return a.version - b.version;
}

/**
 * Compares the age of two states of a task: below 0 if `a` is older, above 0 if it is newer. Returns 0 if they are of
 * the same age as far as these fields show: progress, log lines and what the task waits for change without them.
 */
export function compareAge(a: Aged, b: Aged): number {
  return compareVersions(a, b) || statusRank[a.status] - statusRank[b.status] || a.attempt - b.attempt;
}
