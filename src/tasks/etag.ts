import { AppError } from '../contract/errors.ts';
import type { TaskSummary } from '../contract/task.ts';
import type { LiveExecution } from './execution.ts';
import { summarise } from './snapshot.ts';

/** Names a state of a task, so that its author can say which one a change was made for. */
export function etagOf(runId: string, { version, status }: Pick<TaskSummary, 'version' | 'status'>): string {
  return `"${runId}.${version}.${status}"`;
}

/** @throws AppError stale_version, if the task has moved on since the state that was seen. */
export function assertMatches(ifMatch: string | undefined, execution: LiveExecution): void {
  if (ifMatch === undefined) return;
  const etag = etagOf(execution.runId, summarise(execution, { now: Date.now() }));
  if (!matches(ifMatch, etag)) throw staleVersion();
}

export function staleVersion(): AppError {
  return new AppError('stale_version', 'The task has changed since the version that If-Match names.');
}

/** RFC 9110, 13.1.1: a list of tags, or `*` for whatever there is. */
function matches(ifMatch: string, etag: string): boolean {
  return ifMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim() === etag);
}
