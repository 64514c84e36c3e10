import { useComputed } from '@preact/signals';
import type { TaskSummary } from '../../client/index.ts';
import { useDashboard, useWork } from '../dashboard.ts';
import { duration, plural } from '../format.ts';
import { Progress } from '../parts/progress.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { hasEnded, lateness } from '../what-now.ts';
import type { Row } from './list.ts';
import type { TaskSelection } from './selection.ts';

/** Minimum lateness that is shown, in milliseconds: timers are always some tenths of a second late. */
const latenessShownMs = 1000;
const tagsShown = 3;

/** @param position row number in the whole list, from 2: the header is 1. */
export function TaskRow({
  row,
  position,
  selection,
}: {
  row: Row;
  position: number;
  selection: TaskSelection;
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
      <NameCell task={task} isDeleted={state === 'deleted'} />
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
      <NowCell task={task} isDeleted={state === 'deleted'} />
    </div>
  );
}

function NameCell({ task, isDeleted }: { task: TaskSummary; isDeleted: boolean }) {
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
        {task.tags.slice(0, tagsShown).map((tag) => (
          <a key={tag} class="tag" href={`/tasks?tag=${encodeURIComponent(tag)}`}>
            {tag}
          </a>
        ))}
        {task.tags.length > tagsShown && <span>+{task.tags.length - tagsShown}</span>}
      </span>
    </span>
  );
}

function LateCell({ task }: { task: TaskSummary }) {
  const { clock } = useDashboard();
  // A task that has started no longer gets later.
  const now = task.status === 'PENDING' ? clock.now.value : clock.now.peek();
  const late = lateness(task, now);
  const isLate = late !== undefined && late >= latenessShownMs;
  return (
    <span role="cell" class="cell-late">
      {isLate && <span class={task.status === 'PENDING' ? 'late-now' : ''}>{duration(late)}</span>}
    </span>
  );
}

/** Shows the progress, or what the task waits for, or its outcome. */
function NowCell({ task, isDeleted }: { task: TaskSummary; isDeleted: boolean }) {
  const { clock } = useDashboard();
  const text = useComputed(() => nowText(task, clock.now)).value;
  return (
    <span role="cell" class="cell-now">
      {isDeleted ? (
        'deleted'
      ) : task.progress && task.waiting === null && !hasEnded(task) ? (
        <Progress progress={task.progress} name={task.name} />
      ) : (
        <span class="now-text" title={task.error_message ?? undefined}>
          {text}
        </span>
      )}
    </span>
  );
}

function nowText(task: TaskSummary, now: { readonly value: number }): string {
  if (task.waiting) return waitsText(task, task.waiting, now);
  if (!hasEnded(task)) return task.status === 'RUNNING' ? 'running' : '';
  if (task.error_message !== null) return task.error_message;
  if (task.started_at === null || task.finished_at === null) return '';
  return `took ${duration(Date.parse(task.finished_at) - Date.parse(task.started_at))}`;
}

/** Returns in a few words what a task is waiting for; the task's page shows more. */
function waitsText(
  task: TaskSummary,
  { reason, until }: NonNullable<TaskSummary['waiting']>,
  now: { readonly value: number },
): string {
  switch (reason) {
    // The columns of the scheduled time and of the status show these.
    case 'time':
    case 'paused':
      return '';
    case 'after':
      return `waiting for ${plural(task.after.length, 'other task')}`;
    case 'worker':
      return 'waiting for a worker';
    case 'cancelling':
      return 'being cancelled';
    case 'backoff': {
      const left = until === undefined ? 0 : Date.parse(until) - now.value;
      const next = left > 0 ? `retry in ${duration(left, { whole: true })}` : 'about to retry';
      return task.error_message === null ? next : `${next} · ${task.error_message}`;
    }
  }
}
