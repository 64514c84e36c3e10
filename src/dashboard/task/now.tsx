import type { HistoryEntry, Task } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { Icon, type IconName } from '../parts/icons.tsx';
import { Progress } from '../parts/progress.tsx';
import { statusWord } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { hasEnded, shownStatus, waitingText } from '../what-now.ts';

/** Shows what is happening now: why the task waits, its progress, or what went wrong. */
export function Now({ task, history }: { task: Task; history: readonly HistoryEntry[] }) {
  const { clock } = useDashboard();
  const waiting = hasEnded(task) ? undefined : waitingText(task, clock.now.value);
  return (
    <>
      <p class="visually-hidden" role="status">
        {announced(task)}
      </p>
      {waiting !== undefined && (
        <p class={`task-waiting status-${shownStatus(task).toLowerCase()}`}>
          <Icon name={iconOf(task)} />
          <span>
            <strong>{waiting}</strong>
            {task.waiting?.reason === 'paused' && <PausedBy history={history} />}
          </span>
        </p>
      )}
      {task.progress && !hasEnded(task) && (
        <div class="task-progress">
          <Progress progress={task.progress} name={task.name} />
        </div>
      )}
      {task.error_message !== null && task.error_message !== '' && (
        <div class="problem task-error">
          <p class="task-error-title">
            {task.status === 'FAILED' ? 'The task failed' : 'The last attempt failed'}
          </p>
          <pre>{task.error_message}</pre>
        </div>
      )}
    </>
  );
}

/** Shows who paused the task and when, as far as the history has been loaded. */
function PausedBy({ history }: { history: readonly HistoryEntry[] }) {
  const pause = history.findLast(({ type }) => type === 'paused');
  if (!pause) return null;
  return (
    <>
      {pause.by && (
        <>
          {' '}
          by <bdi>{pause.by.name ?? pause.by.id}</bdi>
        </>
      )}
      , <Time at={pause.at} as="both" />
    </>
  );
}

/**
 * Returns the text for screen readers. Progress is rounded to quarters, so that not every step is read out.
 */
function announced(task: Task): string {
  const word = statusWord(shownStatus(task));
  if (!task.progress || hasEnded(task)) return word;
  const percent = Math.floor(task.progress.percent / 25) * 25;
  return percent === 0 ? word : `${word}, ${percent}% done`;
}

function iconOf({ waiting }: Task): IconName {
  if (waiting?.reason === 'paused') return 'pause';
  if (waiting?.reason === 'cancelling') return 'stop';
  return waiting?.reason === 'backoff' ? 'retry' : 'hourglass';
}
