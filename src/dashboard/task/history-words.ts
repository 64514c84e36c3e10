/** Texts for the entries of a history. */
import type { HistoryEntry } from '../../contract/history.ts';
import type { Attempt } from '../../contract/task.ts';

/** Texts for outcomes. A newer service may send others, which are shown under their own names. */
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
  retried: 'Retried in a new run',
  rescheduled: 'Rescheduled',
  edited: 'Edited',
  paused: 'Paused',
  resumed: 'Resumed',
  run_now: 'Set to run now',
  due: 'Due',
  cancel_requested: 'Cancellation requested',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
  terminated: 'Terminated outside Taskbell',
  timed_out: 'Timed out by a limit set outside Taskbell',
} satisfies Record<Exclude<HistoryEntry['type'], 'attempt' | 'predecessor_over'>, string>;

export function wordsOf({ type, attempt, predecessor }: HistoryEntry): string {
  if (type === 'attempt')
    return `Attempt ${attempt?.attempt ?? ''} ${attempt ? outcomeWord(attempt.outcome) : ''}`;
  if (type !== 'predecessor_over') return words[type] ?? fieldWords(type);
  return `A predecessor ${predecessor ? (endWords[predecessor.ended] ?? predecessor.ended) : 'has ended'}`;
}

const endWords: Readonly<Record<string, string>> = {
  COMPLETED: 'has completed',
  FAILED: 'has failed',
  CANCELLED: 'was cancelled',
  DELETED: 'was deleted',
};

/** Returns the name of a field as words: `scheduled_time` → `scheduled time`. */
export function fieldWords(field: string): string {
  return field.replaceAll('_', ' ');
}

/** Formats a value before or after a change, on one line. */
export function valueWords(value: unknown): string {
  if (value === undefined) return 'none';
  if (typeof value === 'string') return value === '' ? 'none' : value;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(valueWords).join(', ');
  return JSON.stringify(value);
}
