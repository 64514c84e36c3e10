import { createProcessTask, type ProcessTaskDependencies } from './process.ts';

/** The activities of the `task` workflow. */
export function createActivities(dependencies: ProcessTaskDependencies) {
  return { processTask: createProcessTask(dependencies) };
}

export type Activities = ReturnType<typeof createActivities>;
