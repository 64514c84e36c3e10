import { useDashboard } from '../dashboard.ts';
import { plural } from '../format.ts';
import { Icon } from '../parts/icons.tsx';
import { useTitle } from '../parts/title.ts';
import { BulkBar } from './bulk.tsx';
import { filterPath, readFilter } from './filter.ts';
import { Filters } from './filters.tsx';
import type { TaskList } from './list.ts';
import { TaskTable } from './table.tsx';
import { Tabs } from './tabs.tsx';
import { useList } from './use-list.ts';

/** All tasks that fit the filter in the address, live. */
export function TasksPage() {
  useTitle('Tasks');
  const { router } = useDashboard();
  const { filter, problems } = readFilter(router.url.value.searchParams);
  const { list, counts, selection } = useList(filter, filterPath(filter));
  return (
    <section class="page">
      <h1 tabIndex={-1}>Tasks</h1>
      {problems.length > 0 && (
        <p class="problem" role="alert">
          Not all of the address is understood: {problems.join(' ')}
        </p>
      )}
      <div class="list-head">
        <Tabs filter={filter} counts={counts.counts.value} />
        <Filters filter={filter} />
      </div>
      <div>
        <Changes list={list} />
        <TaskTable list={list} selection={selection} />
      </div>
      <BulkBar
        list={list}
        selection={selection}
        total={totalOf(counts.counts.value, filter.status)}
        onDone={counts.refresh}
      />
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

/** Rows keep their places while somebody looks at them; this tells what the list would be by now. */
function Changes({ list }: { list: TaskList }) {
  const { added, gone } = list.changes.value;
  const parts = [
    ...(added > 0 ? [`${plural(added, 'task')} more`] : []),
    ...(gone > 0 ? [`${plural(gone, 'task')} no longer here`] : []),
  ];
  const anew = (): void => {
    globalThis.scrollTo({ top: 0 });
    list.reload();
  };
  return (
    <div class="list-changes" role="status">
      {parts.length > 0 && (
        <button type="button" class="small" onClick={anew}>
          <Icon name="retry" />
          {parts.join(', ')}: show
        </button>
      )}
    </div>
  );
}
