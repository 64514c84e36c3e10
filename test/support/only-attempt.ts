/** Reads from the records of ended tasks how the tasks were distributed among the workers. */
import type { Task } from '../../src/contract/task.ts';

export interface OnlyAttempt {
  readonly worker: string;
  readonly dueAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/**
 * Returns the only attempt of an ended task.
 * @throws Error if there were more, which happens if one worker holds a task back and another gets it later.
 */
export function onlyAttempt({ id, scheduled_time, attempt, attempts }: Task): OnlyAttempt {
  const [only] = attempts;
  if (!only?.finished_at || attempt > 1) throw new Error(`Task ${id} took ${attempt} attempts`);
  return {
    worker: only.worker,
    dueAt: Date.parse(scheduled_time),
    startedAt: Date.parse(only.started_at),
    finishedAt: Date.parse(only.finished_at),
  };
}
