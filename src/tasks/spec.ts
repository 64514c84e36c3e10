import type { temporal } from '@temporalio/proto';
import type { TaskEdit, TaskInput } from '../contract/workflow.ts';
import { decode, type Execution } from './execution.ts';
import type { TaskStore } from './store.ts';

type Event = temporal.api.history.v1.IHistoryEvent;

/** What a run is to do now: what it was started with, or what the last edit made of it. Needs no worker. */
export async function currentInput(store: TaskStore, execution: Execution): Promise<TaskInput | undefined> {
  const { id, runId, memo } = execution;
  const [input, edit] = await Promise.all([
    store.input(id, runId),
    memo.edited === true ? newestEdit(store.eventsBackwards(id, runId)) : undefined,
  ]);
  return input && { ...input, ...edit?.spec };
}

async function newestEdit(backwards: AsyncIterable<Event>): Promise<TaskEdit | undefined> {
  for await (const event of backwards) {
    const edit = editIn(event);
    if (edit) return edit;
  }
  return undefined;
}

/** An accepted update is in the history with its argument; `edit` is the only one that tasks know. */
export function editIn(event: Event): TaskEdit | undefined {
  const request = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
  return decode<TaskEdit>(request?.input?.args?.payloads?.[0]);
}
