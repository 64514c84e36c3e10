import { useEffect, useRef } from 'preact/hooks';
import type { TaskCounts, TaskFilter, TaskStatus } from '../../client/index.ts';
import { count } from '../format.ts';
import { statusWord } from '../parts/status.tsx';
import { filterPath, withChanges } from './filter.ts';

const statuses: readonly TaskStatus[] = [
  'SCHEDULED',
  'PENDING',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
];

/** Shows a tab for each status, with its number of tasks under the other filters. */
export function Tabs({ filter, counts }: { filter: TaskFilter; counts: TaskCounts | undefined }) {
  const chosen = filter.status;
  const isAll = chosen === undefined || chosen.length === statuses.length;
  const tabs = useRef<HTMLElement>(null);
  // On a phone, only some of the tabs fit.
  useEffect(() => {
    const { current } = tabs;
    const tab = current?.querySelector<HTMLElement>('[aria-current]');
    if (current && tab) current.scrollLeft = tab.offsetLeft - (current.clientWidth - tab.offsetWidth) / 2;
  }, [chosen?.join(), counts === undefined]);
  return (
    <nav class="tabs" aria-label="Status" ref={tabs}>
      <Tab
        href={filterPath(withChanges(filter, { status: undefined }))}
        label="All"
        number={counts?.total}
        isCurrent={isAll}
      />
      {statuses.map((status) => (
        <Tab
          key={status}
          href={filterPath(withChanges(filter, { status: [status] }))}
          label={statusWord(status)}
          number={counts?.counts[status]}
          isCurrent={!isAll && (chosen?.includes(status) ?? false)}
        />
      ))}
    </nav>
  );
}

function Tab({
  href,
  label,
  number,
  isCurrent,
}: {
  href: string;
  label: string;
  number: number | undefined;
  isCurrent: boolean;
}) {
  return (
    <a href={href} aria-current={isCurrent ? 'true' : undefined}>
      {label} <span class="tab-count">{number === undefined ? '…' : count(number)}</span>
    </a>
  );
}
