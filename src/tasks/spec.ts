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
  const made = new Set<string>();
  for await (const event of backwards) {
    const id = madeEditId(event);
    if (id !== undefined) made.add(id);
    const accepted = acceptedEdit(event);
    if (accepted && made.has(accepted.id)) return accepted.edit;
  }
  return undefined;
}

/** Returns the edit that an event starts, with the id of its update: tasks have no other update. It may yet be rejected. */
export function acceptedEdit(event: Event): { readonly id: string; readonly edit: TaskEdit } | undefined {
  const request = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
  const edit = decode<TaskEdit>(request?.input?.args?.payloads?.[0]);
  return edit && { id: request?.meta?.updateId ?? '', edit };
}

/** Returns the id of the update whose edit was made, if the event says so. */
export function madeEditId(event: Event): string | undefined {
  const completed = event.workflowExecutionUpdateCompletedEventAttributes;
  return completed?.outcome?.success ? (completed.meta?.updateId ?? '') : undefined;
}
