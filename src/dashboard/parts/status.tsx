import type { TaskSummary } from '../../contract/task.ts';
import { type ShownStatus, shownStatus } from '../what-now.ts';
import { Icon, type IconName } from './icons.tsx';

const words: Readonly<Record<ShownStatus, string>> = {
  SCHEDULED: 'Scheduled',
  PAUSED: 'Paused',
  PENDING: 'Pending',
  RUNNING: 'Running',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
};

const icons: Readonly<Record<ShownStatus, IconName>> = {
  SCHEDULED: 'clock',
  PAUSED: 'pause',
  PENDING: 'hourglass',
  RUNNING: 'play',
  COMPLETED: 'check',
  FAILED: 'cross',
  CANCELLED: 'stop',
};

/** By colour, picture and word. */
export function Status({ task }: { task: Pick<TaskSummary, 'status' | 'waiting'> }) {
  const status = shownStatus(task);
  return (
    <span class={`status status-${status.toLowerCase()}`}>
      <Icon name={icons[status]} />
      {words[status]}
    </span>
  );
}

export function statusWord(status: ShownStatus): string {
  return words[status];
}
