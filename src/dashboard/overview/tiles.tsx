import type { Overview, TaskCounts, TaskStatus } from '../../client/index.ts';
import { count } from '../format.ts';
import { statusWord } from '../parts/status.tsx';
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

/** Numbers of unfinished tasks now, and of runs that ended in the time range. */
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
        <Tile
          key={status}
          status={status}
          number={counts?.counts[status] ?? 0}
          isKnown={!!counts}
          note="now"
        />
      ))}
      {ends.map(([status, field]) => (
        <Tile
          key={status}
          status={status}
          number={(overview?.buckets ?? []).reduce((sum, bucket) => sum + bucket[field], 0)}
          isKnown={!!overview}
          note={rangeWords[range]}
        />
      ))}
    </ul>
  );
}

function Tile({
  status,
  number,
  isKnown,
  note,
}: {
  status: TaskStatus;
  number: number;
  isKnown: boolean;
  note: string;
}) {
  return (
    <li class={`card tile tile-${status.toLowerCase()}`}>
      <a href={`/tasks?status=${status}`}>
        <span class="tile-label">{statusWord(status)}</span>
        <strong class="tile-number">{isKnown ? count(number) : '…'}</strong>
        <span class="quiet">{note}</span>
      </a>
    </li>
  );
}
