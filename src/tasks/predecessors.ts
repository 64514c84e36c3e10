/**
 * Predecessors and dependents as the service sees them: whether predecessors exist, whether they have ended, and which
 * tasks wait for them. The workflows do the rest among themselves (workflows/dependencies.ts).
 */
import { ifFound, isNotFound, invalidFields } from '../contract/errors.ts';
import { dependentSignalName } from '../contract/names.ts';
import type { PredecessorEnd, EndedPredecessor } from '../contract/predecessors.ts';
import type { Dependent, TaskInput } from '../contract/workflow.ts';
import { mapConcurrently } from '../lib/limiter.ts';
import { isChangeable, loadTask } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import type { Execution, LiveExecution } from './execution.ts';
import { decode } from '../temporal/payload.ts';
import { endedStatus } from './summary.ts';
import type { TaskStore } from './store.ts';

/** Maximum concurrent calls for one task. Bulk requests make them for many tasks at once. */
const maxCallsAtOnce = 5;

type EndedPredecessors = Pick<TaskInput, 'predecessors_over'>;

/**
 * Returns those of the named tasks that have ended.
 * @throws AppError validation if the actor has no such task, or if it has no room for more dependents.
 */
export async function endedPredecessors(
  store: TaskStore,
  actor: Actor,
  ids: readonly string[],
): Promise<EndedPredecessors> {
  const found = await mapConcurrently(ids, maxCallsAtOnce, (id) => ifFound(loadTask(store, actor, id)));
  const errors = found.flatMap((task, index) => {
    const message = task ? rejection(task) : 'There is no such task.';
    return message === undefined ? [] : [{ pointer: `/after/${index}`, message }];
  });
  if (errors.length > 0) throw invalidFields(errors);
  return endedAmong(ids, found);
}

function rejection(task: LiveExecution): string | undefined {
  const isFull = task.status === 'open' && !isChangeable(task);
  return isFull ? 'Too many tasks wait for this one, or it has been changed too often.' : undefined;
}

/** Returns the ended predecessors for a retry, where a deleted one is not an error of the request. */
export async function endedPredecessorsForRetry(
  store: TaskStore,
  ids: readonly string[],
): Promise<EndedPredecessors> {
  return endedAmong(ids, await mapConcurrently(ids, maxCallsAtOnce, (id) => ifFound(store.describe(id))));
}

function endedAmong(ids: readonly string[], found: readonly (Execution | undefined)[]): EndedPredecessors {
  const ended = ids.flatMap((id, index): EndedPredecessor[] => {
    const end = endOf(found[index]);
    return end === null ? [] : [{ id, ended: end }];
  });
  return ended.length > 0 ? { predecessors_over: ended } : {};
}

function endOf(execution: Execution | undefined): PredecessorEnd | null {
  if (!execution) return 'DELETED';
  return execution.status === 'open' ? null : endedStatus[execution.status];
}

/**
 * Answers a local activity (`LocalActivities` in activities/index.ts). @returns null while the task is
 * unfinished.
 */
export async function lookUpPredecessor(
  store: Pick<TaskStore, 'describe'>,
  id: string,
): Promise<EndedPredecessor | null> {
  const ended = endOf(await ifFound(store.describe(id)));
  return ended && { id, ended };
}

/** Returns the runs that have asked a task to be notified of its end, from its history. */
export async function dependentsOf(store: TaskStore, { id, runId }: Execution): Promise<Dependent[]> {
  const dependents = new Map<string, Dependent>();
  for await (const { workflowExecutionSignaledEventAttributes: signal } of store.events(id, runId)) {
    if (signal?.signalName !== dependentSignalName) continue;
    const dependent = decode<Dependent>(signal.input?.payloads?.[0]);
    if (dependent) dependents.set(dependent.id, dependent);
  }
  return [...dependents.values()];
}

/** Notifies dependents of the end of a predecessor. Skips those that have ended themselves. */
export async function notifyDependents(
  store: TaskStore,
  dependents: readonly Dependent[],
  predecessor: EndedPredecessor,
): Promise<void> {
  await mapConcurrently(dependents, maxCallsAtOnce, async ({ id, run_id }) => {
    try {
      await store.signalPredecessorEnd(id, run_id, predecessor);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  });
}
