import { useEffect, useMemo } from 'preact/hooks';
import { type TaskFilter, TaskbellError } from '../../client/index.ts';
import { useDashboard, useWork } from '../dashboard.ts';
import { type Counts, createCounts } from './counts.ts';
import { createTaskList, type TaskList } from './list.ts';
import { createSelection, type TaskSelection } from './selection.ts';

export interface ListWork {
  readonly list: TaskList;
  readonly counts: Counts;
  readonly selection: TaskSelection;
}

/** What belongs to one filter; made anew for another one. @param key changes when the filter does. */
export function useList(filter: TaskFilter, key: string): ListWork {
  const { client, clock, session } = useDashboard();
  const { live } = useWork();
  const list = useMemo(
    () => createTaskList({ tasks: client.tasks, live, clock, filter }),
    // The filter is made of the key.
    [client, live, clock, key],
  );
  const selection = useMemo(() => createSelection(list), [list]);
  const { status: _all, ...others } = filter;
  const counts = useMemo(
    () => createCounts({ tasks: client.tasks, live, filter: others, onRefused: () => session.expired() }),
    // Going from status to status, the numbers stay.
    [client, live, JSON.stringify(others)],
  );
  useEffect(() => () => list.close(), [list]);
  useEffect(() => () => counts.close(), [counts]);
  useEffect(
    () =>
      list.failure.subscribe((failure) => {
        if (failure instanceof TaskbellError && failure.status === 401) session.expired();
      }),
    [list, session],
  );
  // What has happened in the meantime may not have been told.
  const returns = live.returns.value;
  useEffect(() => {
    if (returns === 0) return;
    list.reload();
    counts.refresh();
  }, [returns]);
  return { list, counts, selection };
}
