import { AppError } from '../contract/errors.ts';
import type { TaskSummary } from '../contract/task.ts';
import { matchesEtag } from '../resources/if-match.ts';
import type { LiveExecution } from './execution.ts';
import { summarise } from './summary.ts';

/** Returns the ETag of a task's state. A change sends it back to name the state that it is based on. */
export function etagOf(runId: string, { version, status }: Pick<TaskSummary, 'version' | 'status'>): string {
  return `"${runId}.${version}.${status}"`;
}

/** @throws AppError stale_version if the task has changed since the state that the caller has seen. */
export function assertMatches(ifMatch: string | undefined, execution: LiveExecution): void {
  if (ifMatch === undefined) return;
  const etag = etagOf(execution.runId, summarise(execution, { now: Date.now() }));
  if (!matchesEtag(ifMatch, etag)) throw staleVersion();
}

/** Returns the check of a command that an `If-Match` makes conditional. */
export function stillAt(ifMatch: string | undefined): { check: (execution: LiveExecution) => void } {
  return { check: (execution) => assertMatches(ifMatch, execution) };
}

export function staleVersion(): AppError {
  return new AppError('stale_version', 'The task has changed since the version in If-Match.');
}
