import { useDashboard } from '../dashboard.ts';
import { useTitle } from '../parts/title.ts';
import { BulkBar } from './bulk.tsx';
import { ListChanges } from './changes.tsx';
import { filterPath, readFilter } from './filter.ts';
import { Filters } from './filters.tsx';
import { TaskTable } from './table.tsx';
import { Tabs } from './tabs.tsx';
import { useCounts, useList } from './use-list.ts';

/** Lists the tasks that match the filter in the address, live. */
export function TasksPage() {
  useTitle('Tasks');
  const { router } = useDashboard();
  const { filter, problems } = readFilter(router.url.value.searchParams);
  const work = useList(filter, filterPath(filter));
  const counts = useCounts(filter);
  const known = counts?.counts.value;
  return (
    <section class="page">
      <h1 class="list-title" tabIndex={-1}>
        Tasks
      </h1>
      {work && <ListChanges key={work.key} list={work.list} selection={work.selection} />}
      {problems.length > 0 && (
        <p class="problem" role="alert">
          Some filters in this link are invalid. {problems.join(' ')}
        </p>
      )}
      <div class="list-head">
        <Tabs filter={filter} counts={known} />
        <Filters filter={filter} />
      </div>
      {work && <TaskTable key={work.key} list={work.list} selection={work.selection} />}
      {work && (
        <BulkBar
          key={`bulk ${work.key}`}
          list={work.list}
          selection={work.selection}
          total={totalOf(known, filter.status)}
          onDone={() => counts?.refresh()}
        />
      )}
    </section>
  );
}

function totalOf(
  counts: { counts: Partial<Record<string, number>>; total: number } | undefined,
  statuses: readonly string[] | undefined,
): number | undefined {
  if (!counts || !statuses) return counts?.total;
  return statuses.reduce((sum, status) => sum + (counts.counts[status] ?? 0), 0);
}
