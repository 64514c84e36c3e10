import type { temporal } from '@temporalio/proto';
import { specOf } from '../contract/spec.ts';
import type { TaskEdit, TaskInput } from '../contract/workflow.ts';
import type { Execution } from './execution.ts';
import { decode } from '../temporal/payload.ts';
import type { TaskStore } from './store.ts';

type Event = temporal.api.history.v1.IHistoryEvent;

/** Returns the current input of a run: what it was started with, as changed by the last edit. Needs no worker. */
export async function currentInput(store: TaskStore, execution: Execution): Promise<TaskInput | undefined> {
  const { id, runId, memo } = execution;
  const [input, edit] = await Promise.all([
    store.input(id, runId),
    memo.edited === true ? newestEdit(store.eventsBackwards(id, runId)) : undefined,
  ]);
  return input && { ...input, ...specOf({ ...input, ...edit?.spec }) };
}

async function newestEdit(backwards: AsyncIterable<Event>): Promise<TaskEdit | undefined> {
  for await (const event of backwards) {
    const edit = editIn(event);
    if (edit) return edit;
  }
  return undefined;
}

/** Returns an event's edit: the history has the argument of an accepted update, and tasks have no other update. */
export function editIn(event: Event): TaskEdit | undefined {
  const request = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
  return decode<TaskEdit>(request?.input?.args?.payloads?.[0]);
}
