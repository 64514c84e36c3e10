import type { TaskType } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { type Loaded, useLoaded } from './use-loaded.ts';

/** What tasks can do here. */
export function useTaskTypes(): Loaded<readonly TaskType[]> {
  const { client } = useDashboard();
  return useLoaded((signal) => client.taskTypes.list({ signal }), '');
}
