import type { EndedPredecessor } from '../src/contract/predecessors.ts';
import type { AttemptSuccess, MovedAttempt, QuickAttemptInput } from '../src/contract/workflow.ts';
import type { ProcessTaskDependencies } from './activity-attempt.ts';
import { createProcessTask } from './process-task.ts';

/** The activities of the `task` workflow. */
export function createActivities(dependencies: ProcessTaskDependencies) {
  return { processTask: createProcessTask(dependencies) };
}

export type Activities = ReturnType<typeof createActivities>;

/** Local activities of `task`, which need no attempt's slot: they run in the worker that has the workflow task. */
export type LocalActivities = {
  /** Returns how a task's newest run ended; null while it is unfinished. See src/tasks/predecessors.ts. */
  lookUpPredecessor(id: string): Promise<EndedPredecessor | null>;
  /** Runs an attempt on the quick lane. See quick-lane.ts. */
  quickAttempt(input: QuickAttemptInput): Promise<AttemptSuccess | MovedAttempt>;
};
