/** The text of a task's row; pure. screen.ts puts it on a terminal. */
import { endedStatuses, type TaskStatus } from '../src/contract/status.ts';
import type { TaskSummary } from '../src/contract/task.ts';

/** What the demo knows about one of its tasks. */
export interface Row {
  readonly name: string;
  /** The task's last state from the feed; undefined before the first message. */
  task: TaskSummary | undefined;
  /** Why the service rejected the task. */
  rejection?: string;
  /** What the demo is going to do to the task, and when (milliseconds since the epoch). */
  plan?: { readonly what: string; readonly at: number } | undefined;
  /** What the demo has done to the task. */
  done?: string | undefined;
}

export type Paint = (text: string, style: Style) => string;
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const codes: Record<Style, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };
export const inColour: Paint = (text, style) => `\u001B[${codes[style]}m${text}\u001B[0m`;
export const plain: Paint = (text) => text;

type Word = TaskStatus | 'REJECTED' | '…';
const styles: Record<Word, Style> = {
  SCHEDULED: 'cyan',
  PENDING: 'yellow',
  RUNNING: 'yellow',
  COMPLETED: 'green',
  FAILED: 'red',
  CANCELLED: 'dim',
  REJECTED: 'red',
  '…': 'dim',
};
const wordWidth = 'SCHEDULED'.length;
const minNameWidth = 12;

/** Returns one line of at most `width` columns for each row. */
export function renderRows(rows: readonly Row[], now: number, width: number, paint: Paint): string[] {
  const longest = Math.max(...rows.map(({ name }) => name.length));
  const nameWidth = Math.min(longest, Math.max(minNameWidth, width - wordWidth - 24));
  return rows.map((row) => {
    const word = statusLabelOf(row);
    const name = cut(row.name, nameWidth).padEnd(nameWidth);
    const detail = cut(detailOf(row, now), width - nameWidth - wordWidth - 6);
    return `  ${name}  ${paint(word.padEnd(wordWidth), styles[word])}  ${paint(detail, 'dim')}`.trimEnd();
  });
}

export function statusLabelOf({ task, rejection }: Row): Word {
  return rejection === undefined ? (task?.status ?? '…') : 'REJECTED';
}

/** Returns the details to show beside the status. */
export function detailOf({ task, rejection, plan, done }: Row, now: number): string {
  if (task === undefined || rejection !== undefined) return rejection ?? '';
  const planned = plan && `the demo ${plan.what} in ${formatDuration(plan.at - now)}`;
  const parts = [stateOf(task, now), planned ?? (done && !endedStatuses.has(task.status) ? done : undefined)];
  return parts.filter((part) => part !== undefined && part !== '').join(' · ');
}

function stateOf(task: TaskSummary, now: number): string {
  if (endedStatuses.has(task.status)) return ending(task);
  const { waiting } = task;
  switch (waiting?.reason) {
    case 'time':
      return `due in ${formatDuration(Date.parse(waiting.until ?? task.scheduled_time) - now)}`;
    case 'after':
      return 'waits for other tasks';
    case 'paused':
      return 'paused';
    case 'worker':
      return 'due, waiting for a worker';
    case 'backoff':
      return `${attemptOf(task)} failed, next in ${formatDuration(Date.parse(waiting.until ?? '') - now)}: ${oneLine(task.error_message)}`;
    case 'cancelling':
      return 'being cancelled';
    case 'stuck':
      return 'stuck: see the log of the worker';
    case undefined:
      return running(task);
  }
}

function running(task: TaskSummary): string {
  if (task.status !== 'RUNNING') return 'due';
  const { progress } = task;
  const done = progress === null ? '' : `, ${Math.round(progress.percent)} % ${progress.message}`.trimEnd();
  return `${attemptOf(task)}${done}`;
}

function attemptOf({ attempt, max_retries }: TaskSummary): string {
  return `attempt ${Math.max(attempt, 1)} of ${max_retries + 1}`;
}

function ending({ status, attempt, started_at, finished_at, error_message }: TaskSummary): string {
  if (status === 'CANCELLED' && started_at === null) return 'before it ran';
  const attempts = attempt > 1 ? `after ${attempt} attempts` : '';
  const tookMs = started_at && finished_at ? Date.parse(finished_at) - Date.parse(started_at) : undefined;
  const took = tookMs === undefined ? '' : `took ${(tookMs / 1000).toFixed(1)} s`;
  const error = status === 'FAILED' ? oneLine(error_message) : '';
  return [[took, attempts].filter((part) => part !== '').join(' '), error]
    .filter((part) => part !== '')
    .join(': ');
}

/** Formats a duration: "4 s", "29:56", "1:00:00". */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < minute) return `${seconds} s`;
  const pad = (number: number): string => String(number).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / (minute * minute)), Math.floor(seconds / minute) % minute];
  return `${hours > 0 ? `${hours}:${pad(minutes)}` : minutes}:${pad(seconds % minute)}`;
}
const minute = 60;

/** Replaces white space and control characters: text from others must not move the cursor. */
function oneLine(text: string | null): string {
  return (text ?? '').replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
}

function cut(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  return width < 1 ? '' : `${characters.slice(0, width - 1).join('')}…`;
}
