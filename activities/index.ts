import type { EndedPredecessor } from '../src/contract/predecessors.ts';
import type { ProcessTaskDependencies } from './activity-attempt.ts';
import { createProcessTask } from './process-task.ts';

/** The activities of the `task` workflow. */
export function createActivities(dependencies: ProcessTaskDependencies) {
  return { processTask: createProcessTask(dependencies) };
}

export type Activities = ReturnType<typeof createActivities>;

/** Local activities of `task`: short lookups that need no attempt's slot. See src/tasks/predecessors.ts. */
export type LocalActivities = {
  /** Returns how a task's newest run ended; null while it is unfinished. */
  lookUpPredecessor(id: string): Promise<EndedPredecessor | null>;
};
