/**
 * Which of two states of a task is the later one. A new connection may begin with what is known already, or with
 * something older, and lists lag.
 */
import { statusRank } from '../contract/status-rank.ts';
import type { TaskSummary } from './types.ts';

/** What has to be remembered of a state for that. */
interface Mark {
  readonly createdAt: string;
  readonly version: number;
  readonly rank: number;
  readonly attempt: number;
  /** What moves while the version stays. */
  readonly text: string;
}

const ended = statusRank.COMPLETED;

/** Of more tasks than these, the state of the one that was told longest ago is forgotten, and would be told again. */
const mostMarks = 10_000;

/** The states that have been told. */
export class Told {
  readonly #marks = new Map<string, Mark>();

  has(id: string): boolean {
    return this.#marks.has(id);
  }

  /** Whether this state is later than the one that was told of its task, if any was. */
  isNews(task: TaskSummary): boolean {
    const last = this.#marks.get(task.id);
    return !last || isLater(last, markOf(task));
  }

  /** Remembers a state, if it is news. @returns whether it is. */
  take(task: TaskSummary): boolean {
    if (!this.isNews(task)) return false;
    this.#marks.delete(task.id);
    this.#marks.set(task.id, markOf(task));
    const [oldest] = this.#marks.keys();
    if (oldest !== undefined && this.#marks.size > mostMarks) this.forget(oldest);
    return true;
  }

  forget(id: string): void {
    this.#marks.delete(id);
  }
}

function markOf(task: TaskSummary): Mark {
  const { created_at, version, status, attempt, waiting, progress, error_message, started_at } = task;
  const text = JSON.stringify([waiting, progress, error_message, started_at]);
  return { createdAt: created_at, version, rank: statusRank[status], attempt, text };
}

function isLater(last: Mark, next: Mark): boolean {
  // Deleted, and made anew under the same id (by its Idempotency-Key): another task, which counts from the beginning.
  if (next.createdAt !== last.createdAt) return next.createdAt > last.createdAt;
  if (next.version !== last.version) return next.version > last.version;
  // A run ends once; another one begins with a higher version.
  if (last.rank === ended) return false;
  if (next.rank !== last.rank) return next.rank > last.rank;
  return next.attempt >= last.attempt && next.text !== last.text;
}
