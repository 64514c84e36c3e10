import type { Client } from '@temporalio/client';
import { endedStatuses } from '../../src/contract/status.ts';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from './caller.ts';
import { waitFor } from './wait-for.ts';

/** Number of tasks created at a time. More would only contend for the server's one database. */
const maxCreatesAtOnce = 8;

export interface BacklogOptions {
  readonly tasks: number;
  readonly runTimeMs: number;
  /** Time until the tasks are due. Choose it long enough to create them all: later ones are due at once. */
  readonly dueInMs: number;
}

/** Creates tasks that become due together. Every fourth is quick, and would begin at once if a process were free. */
export async function createBacklog(owner: Caller, options: BacklogOptions): Promise<void> {
  const dueAt = Date.now() + options.dueInMs;
  const ordinary = { type: 'slow', payload: { steps: 1, step_ms: options.runTimeMs } };
  const quick = { type: 'brisk', payload: { ms: [options.runTimeMs] } };
  const indexes = Array.from({ length: options.tasks }, (_, index) => index).values();
  const createNext = async (): Promise<void> => {
    for (const index of indexes) {
      const delay = Math.max(0, dueAt - Date.now()) / 1000;
      await owner.create({ name: `backlog ${index}`, delay, ...(index % 4 === 3 ? quick : ordinary) });
    }
  };
  await Promise.all(Array.from({ length: maxCreatesAtOnce }, createNext));
}

/** Creates a task that is due at once. */
export function createProbe(owner: Caller, type: 'echo' | 'brisk' = 'echo'): Promise<Task> {
  return owner.create({ name: 'probe', type, delay: 0 });
}

/** Waits until the task has ended. @returns the time from its scheduled time to its start, in milliseconds. */
export async function startDelay(owner: Caller, { id }: Task, deadlineMs?: number): Promise<number> {
  const task = await owner.until(
    id,
    'the probe to end',
    ({ status }) => endedStatuses.has(status),
    deadlineMs,
  );
  return Date.parse(task.started_at ?? '') - Date.parse(task.scheduled_time);
}

/** Waits until this many tasks on the whole server have completed. */
export async function untilCompleted(temporal: Client, tasks: number): Promise<void> {
  const completed = async (): Promise<boolean> => {
    const { count } = await temporal.workflow.count(
      "WorkflowType = 'task' AND ExecutionStatus = 'Completed'",
    );
    return count >= tasks;
  };
  await waitFor(`${tasks} tasks to complete`, completed, 120_000);
}
