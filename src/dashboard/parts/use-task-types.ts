import type { TaskType } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { type Loaded, useLoaded } from './use-loaded.ts';

/** Loads the task types of this service. */
export function useTaskTypes(): Loaded<readonly TaskType[]> {
  const { client } = useDashboard();
  return useLoaded((signal) => client.taskTypes.list({ signal }), '');
}
