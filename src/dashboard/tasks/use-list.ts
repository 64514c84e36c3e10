import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type TaskFilter, TaskbellError } from '../../client/index.ts';
import { useDashboard, useWork } from '../dashboard.ts';
import { useMade } from '../parts/use-made.ts';
import { type Counts, createCounts } from './counts.ts';
import { createTaskList, type TaskList } from './list.ts';
import { createSelection, type TaskSelection } from './selection.ts';

/** A list with what belongs to it. */
export interface ListWork {
  readonly key: string;
  readonly list: TaskList;
  readonly selection: TaskSelection;
}

/**
 * The list of a filter, made anew for another one; undefined for the moment until it is made. Whoever comes back to it
 * from the page of a task finds it as it was.
 *
 * @param key changes when the filter does.
 */
export function useList(filter: TaskFilter, key: string): ListWork | undefined {
  const { client, clock, session, router } = useDashboard();
  const { live, kept } = useWork();
  const [work, setWork] = useState<ListWork>();
  // Not while rendering: a page that is left before it was shown would leave it behind.
  useLayoutEffect(() => {
    const before = kept.take();
    const isTheSame = before?.key === key && router.cameBack.peek();
    if (before && !isTheSame) before.list.close();
    const list =
      before && isTheSame ? before.list : createTaskList({ tasks: client.tasks, live, clock, filter });
    const made = before && isTheSame ? before : { key, list, selection: createSelection(list) };
    setWork(made);
    const leave = list.failure.subscribe((failure) => {
      if (failure instanceof TaskbellError && failure.status === 401) session.expired();
    });
    return () => {
      leave();
      kept.put(made);
    };
    // The filter is made of the key.
  }, [client, live, clock, kept, session, router, key]);
  useReturns(() => work?.list.reload());
  return work?.key === key ? work : undefined;
}

/** The numbers of all statuses, for the other filters: going from status to status, they stay. */
export function useCounts({ status: _all, ...filter }: TaskFilter): Counts | undefined {
  const { client, session } = useDashboard();
  const { live } = useWork();
  const counts = useMade(
    () => createCounts({ tasks: client.tasks, live, filter, onRefused: () => session.expired() }),
    [client, live, session, JSON.stringify(filter)],
  );
  useReturns(() => counts?.refresh());
  return counts;
}

/** What has happened while the connection was lost may not have been told. */
export function useReturns(read: () => void): void {
  const { live } = useWork();
  const seen = useRef(live.returns.peek());
  const returns = live.returns.value;
  useLayoutEffect(() => {
    if (returns === seen.current) return;
    seen.current = returns;
    read();
  }, [returns]);
}
