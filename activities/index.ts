import type { PredecessorOver } from '../src/contract/predecessors.ts';
import { createProcessTask, type ProcessTaskDependencies } from './process.ts';

/** The activities of the `task` workflow. */
export function createActivities(dependencies: ProcessTaskDependencies) {
  return { processTask: createProcessTask(dependencies) };
}

export type Activities = ReturnType<typeof createActivities>;

/** Its local activities: short questions, which need no slot for an attempt. Answered by src/tasks/predecessors.ts. */
export type Inquiries = {
  /** The end of a task's newest run; null while it is unfinished. */
  lookUpPredecessor(id: string): Promise<PredecessorOver | null>;
};
