import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { TaskFilter } from '../../client/index.ts';
import { useDashboard, useWork } from '../dashboard.ts';
import { useResource } from '../parts/use-resource.ts';
import { type Counts, createCounts } from './counts.ts';
import { type ListWork, useKeptList } from './kept.tsx';
import { createTaskList } from './list.ts';
import { createSelection } from './selection.ts';

/**
 * Returns the list for a filter, and creates another when the filter changes. Returns undefined until the
 * list is created. A viewer who comes back from the page of a task finds the list as it was.
 *
 * @param key changes when the filter does.
 */
export function useList(filter: TaskFilter, key: string): ListWork | undefined {
  const { client, clock, router } = useDashboard();
  const { live } = useWork();
  const kept = useKeptList();
  const [work, setWork] = useState<ListWork>();
  // Not created while rendering: a page that is left before it was shown would never close it.
  useLayoutEffect(() => {
    const before = kept.take();
    const isTheSame = before?.key === key && router.cameBack.peek();
    if (before && !isTheSame) before.list.close();
    const list =
      before && isTheSame ? before.list : createTaskList({ tasks: client.tasks, live, clock, filter });
    const made = before && isTheSame ? before : { key, list, selection: createSelection(list) };
    setWork(made);
    return () => kept.put(made);
    // `key` stands for the filter.
  }, [client, live, clock, kept, router, key]);
  useReturns(() => work?.list.reload());
  return work?.key === key ? work : undefined;
}

/** Returns the counts of all statuses under the other filters; changing only the status keeps them. */
export function useCounts({ status: _all, ...filter }: TaskFilter): Counts | undefined {
  const { client } = useDashboard();
  const { live } = useWork();
  const counts = useResource(
    () => createCounts({ tasks: client.tasks, live, filter }),
    [client, live, JSON.stringify(filter)],
  );
  useReturns(() => counts?.refresh());
  return counts;
}

/** Calls `read` when the connection has been restored, since changes in between may have been missed. */
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
