import type { temporal } from '@temporalio/proto';
import type { TaskEdit, TaskInput } from '../contract/workflow.ts';
import { decode, type Execution } from './execution.ts';
import type { TaskStore } from './store.ts';

type Event = temporal.api.history.v1.IHistoryEvent;

/** What a run is to do now: what it was started with, and the edits since. Needs no worker. */
export async function currentInput(store: TaskStore, execution: Execution): Promise<TaskInput | undefined> {
  const input = await store.input(execution.id, execution.runId);
  if (!input || execution.memo.edited !== true) return input;
  let edited = input;
  for await (const event of store.events(execution.id, execution.runId)) {
    edited = { ...edited, ...editIn(event)?.changes };
  }
  return edited;
}

/** An accepted update is in the history with its argument; only `edit` exists. */
function editIn(event: Event): TaskEdit | undefined {
  const request = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
  return decode<TaskEdit>(request?.input?.args?.payloads?.[0]);
}
