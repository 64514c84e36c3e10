import type { ComponentChildren } from 'preact';
import type { Overview, TaskCounts, TaskStatus } from '../../client/index.ts';
import { count } from '../format.ts';
import { statusWord } from '../parts/status.tsx';
import { filterPath } from '../tasks/filter.ts';
import type { Range } from './data.ts';

const open = ['SCHEDULED', 'PENDING', 'RUNNING'] as const satisfies readonly TaskStatus[];
const ends = [
  ['COMPLETED', 'completed'],
  ['FAILED', 'failed'],
  ['CANCELLED', 'cancelled'],
] as const satisfies readonly (readonly [TaskStatus, keyof Overview['buckets'][number]])[];

const rangeWords: Readonly<Record<Range, string>> = {
  hour: 'in the last hour',
  day: 'in the last day',
  week: 'in the last week',
};

/**
 * Numbers of unfinished tasks now, and of runs that ended in the time range. No filter of the list selects tasks by
 * their end, so the links of the latter say that they lead to all tasks of that status.
 */
export function Tiles({
  counts,
  overview,
  range,
}: {
  counts: TaskCounts | undefined;
  overview: Overview | undefined;
  range: Range;
}) {
  return (
    <ul class="tiles">
      {open.map((status) => (
        <Tile key={status} status={status}>
          <a class="tile-body" href={pathOf(status)}>
            <Figure status={status} number={counts?.counts[status]} note="now" />
          </a>
        </Tile>
      ))}
      {ends.map(([status, field]) => (
        <Tile key={status} status={status}>
          <div class="tile-body">
            <Figure
              status={status}
              number={overview?.buckets.reduce((sum, bucket) => sum + bucket[field], 0)}
              note={rangeWords[range]}
            />
            <a class="tile-all" href={pathOf(status)}>
              All {statusWord(status).toLowerCase()}
            </a>
          </div>
        </Tile>
      ))}
    </ul>
  );
}

function Tile({ status, children }: { status: TaskStatus; children: ComponentChildren }) {
  return <li class={`card tile tile-${status.toLowerCase()}`}>{children}</li>;
}

/** @param number undefined until it is known. */
function Figure({ status, number, note }: { status: TaskStatus; number: number | undefined; note: string }) {
  return (
    <>
      <span class="tile-label">{statusWord(status)}</span>
      <strong class="tile-number">{number === undefined ? '…' : count(number)}</strong>
      <span class="quiet">{note}</span>
    </>
  );
}

function pathOf(status: TaskStatus): string {
  return filterPath({ status: [status] });
}
