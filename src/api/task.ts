/** What the routes of tasks share: the id in their paths, and the headers of a task. */
import { mayRead, type Principal } from '../auth/principal.ts';
import type { TaskSummary } from '../contract/task.ts';
import { etagHeader, ifMatchHeader, locationHeader } from './headers.ts';
import { idParameter, validId } from './id.ts';

export const taskIdParameter = idParameter("The task's id.", '6bb2a102-cc8f-401b-a395-3243464ca175');

/** Returns the id in lower case. @throws AppError not_found if it is not a UUID: no task has such an id. */
export function taskId(text: string): string {
  return validId(text, 'Task');
}

export const taskIfMatch = ifMatchHeader('The `ETag` of the task as you last read it.');

export const taskEtag = etagHeader(
  'Run, version and status of the task. Send it as `If-Match`.',
  '"01a21744-428c-7c12-9ecd-ffb4868a65de.1.SCHEDULED"',
);

export const taskLocation = locationHeader(
  'The path of the task.',
  '/api/tasks/6bb2a102-cc8f-401b-a395-3243464ca175/',
);

/** Returns what a response to a write shows its sender: the task, or only its id and status to a key that may not read. */
export function shownTo<T extends Pick<TaskSummary, 'id' | 'status'>>(
  principal: Principal,
  task: T,
): T | Pick<TaskSummary, 'id' | 'status'> {
  return mayRead(principal) ? task : { id: task.id, status: task.status };
}
