/** What the records of ended tasks tell of how they were dealt out to the workers. */
import type { Task } from '../../src/contract/task.ts';

export interface Dealt {
  readonly worker: string;
  readonly dueAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** @throws Error for a task that took more than one attempt: one that a worker held back would be given to another. */
export function dealt({ id, scheduled_time, attempt, attempts }: Task): Dealt {
  const [only] = attempts;
  if (!only?.finished_at || attempt > 1) throw new Error(`Task ${id} took ${attempt} attempts`);
  return {
    worker: only.worker,
    dueAt: Date.parse(scheduled_time),
    startedAt: Date.parse(only.started_at),
    finishedAt: Date.parse(only.finished_at),
  };
}
