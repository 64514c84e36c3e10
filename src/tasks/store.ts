/**
 * Tasks as Temporal has them: each is a workflow, each run an execution with the task's memo and search attributes.
 * Knows nothing of owners or of what a state means. Ids are those of tasks; src/contract/run-id.ts has those of their workflows.
 */
import type { SignalDefinition } from '@temporalio/common';
import { commandSignal, editUpdate, predecessorEndedSignal, wakeSignal } from '../../workflows/messages.ts';
import { isNotFound, notFound } from '../contract/errors.ts';
import { missedTaskWorkflowType } from '../contract/names.ts';
import type { EndedPredecessor } from '../contract/predecessors.ts';
import { workflowIdOf } from '../contract/run-id.ts';
import type { TaskCommand, TaskEdit, TaskInput } from '../contract/workflow.ts';
import { Lru } from '../lib/lru.ts';
import { RecentIds } from '../lib/recent-ids.ts';
import type { Temporal, WorkflowRunId } from '../temporal/temporal.ts';
import { type Deletion, readDeletions } from './deletions.ts';
import { type Ending, readEnding } from './ending.ts';
import {
  type Execution,
  executionStatus,
  type LiveExecution,
  readExecution,
  readLiveExecution,
} from './execution.ts';
import { readInput } from './records.ts';

export interface Page {
  readonly executions: readonly Execution[];
  readonly nextPageToken: Uint8Array | undefined;
}

export type TaskStore = ReturnType<typeof createTaskStore>;

/**
 * Maximum size of the inputs that are cached, and again of the endings, in characters of JSON. In memory, values of many
 * small parts take twenty times as much.
 */
const maxCached = 1024 * 1024;
/** Maximum size of one of them: a few large ones would leave no room for the others. */
const maxCachedEach = maxCached / 10;
/** Time for which removed runs are hidden, in milliseconds: the server still shows them for some seconds. */
const hiddenMs = 60_000;

export function createTaskStore(temporal: Temporal) {
  /** What the first and the last events of runs say, by run id: neither event changes. */
  const inputs = new Lru<TaskInput>(maxCached, maxCachedEach);
  const endings = new Lru<Ending>(maxCached, maxCachedEach);
  /** Ids of the runs that this process has removed. */
  const removed = new RecentIds(hiddenMs);

  /** Returns those of the executions that are tasks and have not been removed. */
  function tasksIn(executions: readonly Parameters<typeof readExecution>[0][]): Execution[] {
    return executions.flatMap((info) => {
      const execution = readExecution(info);
      return execution && !removed.has(execution.runId) ? [execution] : [];
    });
  }

  const signalDelayed = <A extends unknown[]>(
    run: { readonly id: string; readonly firstRunId: string },
    definition: SignalDefinition<A>,
    ...args: A
  ): Promise<void> =>
    temporal.signalDelayed(
      { id: workflowIdOf(run.id), firstRunId: run.firstRunId },
      missedTaskWorkflowType,
      definition,
      ...args,
    );

  return {
    temporal,

    /**
     * Describes the newest run, or the named one.
     * @returns undefined if the workflow is not a task. @throws AppError not_found
     */
    async describe(id: string, runId = ''): Promise<LiveExecution | undefined> {
      const execution = readLiveExecution(await temporal.describe(run(id, runId)));
      if (execution && removed.has(execution.runId)) throw notFound();
      return execution;
    },

    /**
     * Reads the close event. Only for a run that describe reports as closed: on an open one, the server would
     * wait for it to end.
     */
    async ending(id: string, runId: string): Promise<Ending> {
      const ending = await readOnce(endings, runId, async () => {
        const event = await temporal.closeEvent(workflowIdOf(id), runId);
        return event && readEnding(event);
      });
      return ending ?? readEnding(undefined);
    },

    /** Returns what the run was started with. @returns undefined if that is not the input of a task. */
    input: (id: string, runId: string): Promise<TaskInput | undefined> =>
      readOnce(inputs, runId, async () => {
        const event = await temporal.startEvent(workflowIdOf(id), runId);
        return event && readInput(event);
      }),

    events: (id: string, runId: string) => temporal.events(workflowIdOf(id), runId),
    eventsBackwards: (id: string, runId: string) => temporal.eventsBackwards(workflowIdOf(id), runId),

    async list(query: string, pageSize: number, pageToken?: Uint8Array): Promise<Page> {
      const { executions, nextPageToken } = await temporal.list(query, pageSize, pageToken);
      return { executions: tasksIn(executions), nextPageToken };
    },

    /** Lists tasks and notices of deletions. */
    async listChanges(
      query: string,
      pageSize: number,
      pageToken?: Uint8Array,
    ): Promise<Page & { readonly deletions: readonly Deletion[] }> {
      const { executions, nextPageToken } = await temporal.list(query, pageSize, pageToken);
      return {
        executions: tasksIn(executions),
        deletions: executions.flatMap(readDeletions),
        nextPageToken,
      };
    },

    count: temporal.count,

    /** Counts the runs of a query by status. */
    async countByExecution(query: string): Promise<readonly [Execution['status'], number][]> {
      const counts = await temporal.countByStatus(query);
      return counts.flatMap(([name, count]): [Execution['status'], number][] => {
        const status = executionStatus(name);
        return status ? [[status, count]] : [];
      });
    },

    /** Sends a command to a run, and wakes it if it hibernates. @throws AppError not_found if it has ended */
    async command(execution: LiveExecution, command: TaskCommand): Promise<void> {
      const { id, runId, firstRunId } = execution;
      if (!execution.wasDelayed) await temporal.signal(run(id, runId), commandSignal, command);
      else await signalDelayed({ id, firstRunId }, commandSignal, { ...command, first_run_id: firstRunId });
    },

    /** Ends the hibernation of a new run, which then waits in a timer. @throws AppError not_found if it has ended */
    wake: (id: string, runId: string): Promise<void> => signalDelayed({ id, firstRunId: runId }, wakeSignal),

    cancel: (id: string, runId: string, reason: string): Promise<void> =>
      temporal.cancel(run(id, runId), reason),

    /** Ends an open run without running any more of it, and removes its records. This process no longer finds it. */
    async remove(id: string, runId: string): Promise<void> {
      try {
        await temporal.remove(run(id, runId));
      } catch (error) {
        // Another process has removed it, but visibility may still list it.
        if (!isNotFound(error)) throw error;
      }
      removed.add(runId);
      inputs.delete(runId);
      endings.delete(runId);
    },

    /** Notifies a task of the end of a predecessor. */
    signalPredecessorEnd: (id: string, runId: string, end: EndedPredecessor): Promise<void> =>
      temporal.signal(run(id, runId), predecessorEndedSignal, end),

    /** Sends an edit to a run, and waits for the workflow's answer. @throws {UpdateRejected} {UpdateUnanswered} */
    edit: (id: string, runId: string, edit: TaskEdit, timeoutMs: number): Promise<number> =>
      temporal.update(run(id, runId), editUpdate, [edit], timeoutMs),
  };
}

/** Returns the run of a task's workflow. */
function run(id: string, runId: string): WorkflowRunId & { readonly runId: string } {
  return { id: workflowIdOf(id), runId };
}

/** Reads a value that never changes, unless it is cached. */
async function readOnce<V>(
  cache: Lru<V>,
  key: string,
  read: () => Promise<V | undefined>,
): Promise<V | undefined> {
  const cached = cache.get(key);
  if (cached !== undefined) return cached;
  const value = await read();
  if (value !== undefined) cache.set(key, value, JSON.stringify(value).length);
  return value;
}
