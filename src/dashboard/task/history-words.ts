/** What the entries of a history say, for people. */
import type { HistoryEntry } from '../../contract/history.ts';
import type { Attempt } from '../../contract/task.ts';

/** A newer service may know more than this page: then its own word is shown. */
const outcomeWords: Readonly<Record<string, string>> = {
  running: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  lost: 'lost with its worker',
  handed_back: 'handed back by a worker that shut down',
} satisfies Record<Attempt['outcome'], string>;

export function outcomeWord(outcome: string): string {
  return outcomeWords[outcome] ?? fieldWords(outcome);
}

const words: Readonly<Record<string, string>> = {
  created: 'Created',
  retried: 'Retried: a new run',
  rescheduled: 'Given another time',
  edited: 'Edited',
  paused: 'Paused',
  resumed: 'Resumed',
  run_now: 'Made to run now',
  due: 'Due',
  cancel_requested: 'Told to stop',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
  terminated: 'Terminated from outside of Taskbell',
  timed_out: 'Timed out, by a limit from outside of Taskbell',
} satisfies Record<Exclude<HistoryEntry['type'], 'attempt' | 'predecessor_over'>, string>;

export function wordsOf({ type, attempt, predecessor }: HistoryEntry): string {
  if (type === 'attempt')
    return `Attempt ${attempt?.attempt ?? ''} ${attempt ? outcomeWord(attempt.outcome) : ''}`;
  if (type !== 'predecessor_over') return words[type] ?? fieldWords(type);
  return `A task that it follows ${predecessor ? (endWords[predecessor.ended] ?? predecessor.ended) : 'is over'}`;
}

const endWords: Readonly<Record<string, string>> = {
  COMPLETED: 'has completed',
  FAILED: 'has failed',
  CANCELLED: 'was cancelled',
  DELETED: 'was deleted',
};

/** Of a field of a task: `scheduled_time` → `scheduled time`. */
export function fieldWords(field: string): string {
  return field.replaceAll('_', ' ');
}

/** A value before or after a change, on one line. */
export function valueWords(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return value === '' ? 'nothing' : value;
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : value.map(valueWords).join(', ');
  return JSON.stringify(value);
}
