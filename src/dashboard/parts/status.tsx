import type { TaskSummary } from '../../contract/task.ts';
import { type ShownStatus, shownStatus } from '../what-now.ts';
import { Icon, type IconName } from './icons.tsx';

/** Labels of statuses. A newer service may have others, which are shown under their own names. */
const words: Readonly<Record<string, string>> = {
  SCHEDULED: 'Scheduled',
  PAUSED: 'Paused',
  PENDING: 'Pending',
  RUNNING: 'Running',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
} satisfies Record<ShownStatus, string>;

const icons: Readonly<Record<string, IconName>> = {
  SCHEDULED: 'clock',
  PAUSED: 'pause',
  PENDING: 'hourglass',
  RUNNING: 'play',
  COMPLETED: 'check',
  FAILED: 'cross',
  CANCELLED: 'stop',
} satisfies Record<ShownStatus, IconName>;

/** A status, as a colour, an icon and a word. */
export function Status({ task }: { task: Pick<TaskSummary, 'status' | 'waiting'> }) {
  const status = shownStatus(task);
  return (
    <span class={`status status-${status.toLowerCase()}`}>
      <Icon name={icons[status] ?? 'clock'} />
      {statusWord(status)}
    </span>
  );
}

export function statusWord(status: ShownStatus): string {
  return words[status] ?? status;
}
