/**
 * Decides which of two states of a task is the later one. A new connection may start with a state that is known
 * already, or with an older one, and lists lag.
 */
import { type Aged, compareAge, compareVersions, endedStatuses } from '../contract/status.ts';
import type { TaskSummary } from './types.ts';

/** The parts of a state that are compared. */
interface Mark extends Aged {
  /** Fields that change while the others stay the same, as JSON. */
  readonly text: string;
}

/** Maximum number of states kept. The one reported longest ago is forgotten first, and could be reported again. */
const maxMarks = 10_000;

/** The states that have been reported. */
export class SeenVersions {
  readonly #marks = new Map<string, Mark>();

  has(id: string): boolean {
    return this.#marks.has(id);
  }

  /** Returns whether this state is later than the last one reported for its task, or the first one. */
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
    if (oldest !== undefined && this.#marks.size > maxMarks) this.forget(oldest);
    return true;
  }

  forget(id: string): void {
    this.#marks.delete(id);
  }
}

function markOf(task: TaskSummary): Mark {
  const { created_at, run_created_at, version, status, attempt } = task;
  const text = JSON.stringify([task.waiting, task.progress, task.error_message, task.started_at]);
  return { created_at, run_created_at, version, status, attempt, text };
}

function isLater(last: Mark, next: Mark): boolean {
  const isSameVersion = compareVersions(next, last) === 0;
  // A run ends once. Another run starts with a higher version.
  if (isSameVersion && endedStatuses.has(last.status)) return false;
  const age = compareAge(next, last);
  return isSameVersion && next.status === last.status ? age >= 0 && next.text !== last.text : age > 0;
}
