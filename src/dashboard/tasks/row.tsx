import { useComputed } from '@preact/signals';
import type { TaskSummary } from '../../client/index.ts';
import { useDashboard, useWork } from '../dashboard.ts';
import { duration } from '../format.ts';
import { Progress } from '../parts/progress.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { hasEnded, lateness } from '../what-now.ts';
import type { Row } from './list.ts';
import { nowText } from './row-text.ts';
import type { TaskSelection } from './selection.ts';

/**
 * @param position row number in the whole list, from 2: the header is 1.
 * @param maxTags number of tags shown; of the others, their number.
 */
export function TaskRow({
  row,
  position,
  selection,
  maxTags,
}: {
  row: Row;
  position: number;
  selection: TaskSelection;
  maxTags: number;
}) {
  const task = row.task.value;
  const isSelected = useComputed(() => selection.ids.value.has(row.task.value.id)).value;
  const state = row.state.value;
  return (
    <div role="row" aria-rowindex={position} class={`row row-${state}${isSelected ? ' row-selected' : ''}`}>
      <span role="cell" class="cell-check">
        <input
          type="checkbox"
          aria-label={`Select ${task.name}`}
          checked={isSelected}
          onClick={(event) => selection.toggle(task.id, event.shiftKey)}
        />
      </span>
      <NameCell task={task} isDeleted={state === 'deleted'} maxTags={maxTags} />
      <span role="cell" class="cell-status">
        <Status task={task} />
      </span>
      <span role="cell" class="cell-time">
        <Time at={task.scheduled_time} as="stacked" />
      </span>
      <LateCell task={task} />
      <span role="cell" class="cell-attempt">
        {task.attempt === 0 ? '' : `${task.attempt} of ${task.max_retries + 1}`}
      </span>
      <NowCell row={row} />
    </div>
  );
}

function NameCell({ task, isDeleted, maxTags }: { task: TaskSummary; isDeleted: boolean; maxTags: number }) {
  const { account } = useWork();
  const isAnothers = account.role === 'admin' && task.owner !== account.id;
  return (
    <span role="cell" class="cell-name">
      {isDeleted ? (
        <span class="row-name">{task.name}</span>
      ) : (
        <a class="row-name" href={`/tasks/${task.id}`}>
          {task.name}
        </a>
      )}
      <span class="row-more">
        <span>{task.type}</span>
        {isAnothers && <span title={`Owner ${task.owner}`}>· owned by another account</span>}
        <Tags tags={task.tags} max={maxTags} />
      </span>
    </span>
  );
}

function Tags({ tags, max }: { tags: readonly string[]; max: number }) {
  const others = tags.slice(max);
  return (
    <>
      {tags.slice(0, max).map((tag) => (
        <a key={tag} class="tag" title={tag} href={`/tasks?tag=${encodeURIComponent(tag)}`}>
          {tag}
        </a>
      ))}
      {others.length > 0 && (
        <span class="more-tags" title={tags.join(', ')}>
          <span aria-hidden="true">+{others.length}</span>
          <span class="visually-hidden">and {others.join(', ')}</span>
        </span>
      )}
    </>
  );
}

function LateCell({ task }: { task: TaskSummary }) {
  const { clock } = useDashboard();
  const late = lateness(task, clock.now);
  return (
    <span role="cell" class="cell-late">
      {late !== undefined && duration(late)}
    </span>
  );
}

/** Shows the progress, or what the task waits for, or how and when it ended. */
function NowCell({ row }: { row: Row }) {
  const { clock } = useDashboard();
  const task = row.task.value;
  // Not computed once: after a reload of the list, this cell gets another row.
  const text = nowText(task, clock.now);
  const endedAt = task.error_message === null ? task.finished_at : null;
  return (
    <span role="cell" class="cell-now">
      {row.state.value === 'deleted' ? (
        'deleted'
      ) : task.progress && task.waiting === null && !hasEnded(task) ? (
        <Progress progress={task.progress} name={task.name} />
      ) : (
        <span class="now-text" title={task.error_message ?? undefined}>
          {endedAt !== null ? (
            <>
              ended <Time at={endedAt} />
            </>
          ) : (
            text
          )}
        </span>
      )}
    </span>
  );
}
