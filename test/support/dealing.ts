/** What the records of ended tasks tell of how they were dealt out to the workers. */
import type { Task } from '../../src/contract/task.ts';

interface Moment {
  readonly at: number;
  readonly due: number;
  readonly busy: number;
}

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

/** The longest time for which some slot was free while some due task had not begun. */
export function longestIdleMs(tasks: readonly Dealt[], slots: number): number {
  const moments = tasks
    .flatMap(({ dueAt, startedAt, finishedAt }): Moment[] => [
      { at: dueAt, due: 1, busy: 0 },
      { at: startedAt, due: -1, busy: 1 },
      { at: finishedAt, due: 0, busy: -1 },
    ])
    .toSorted((a, b) => a.at - b.at);
  let waiting = 0;
  let busy = 0;
  let idleSince: number | undefined;
  let longest = 0;
  for (const moment of moments) {
    if (idleSince !== undefined) longest = Math.max(longest, moment.at - idleSince);
    waiting += moment.due;
    busy += moment.busy;
    if (waiting === 0 || busy >= slots) idleSince = undefined;
    else idleSince ??= moment.at;
  }
  return longest;
}
