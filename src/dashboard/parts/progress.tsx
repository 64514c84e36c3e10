import type { TaskSummary } from '../../contract/task.ts';

/** Progress of the running attempt. */
export function Progress({ progress, name }: { progress: TaskSummary['progress']; name: string }) {
  if (!progress) return null;
  const percent = Math.round(progress.percent);
  return (
    <span class="progress">
      <progress max={100} value={progress.percent} aria-label={`Progress of ${name}`} />
      <span class="progress-text">
        {percent}%{progress.message === '' ? '' : ` · ${progress.message}`}
      </span>
    </span>
  );
}
