/**
 * The calls to Temporal that tasks need, each with a deadline and our own errors. Knows Temporal's requests, but
 * nothing about owners or the meaning of a state.
 */
import { Client, type Connection } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';
import { commandSignal, predecessorEndedSignal } from '../../workflows/messages.ts';
import type { EndedPredecessor } from '../contract/predecessors.ts';
import type { TaskCommand, TaskInput } from '../contract/workflow.ts';
import { type Ending, readEnding } from './ending.ts';
import {
  decode,
  type Execution,
  executionStatus,
  type LiveExecution,
  readExecution,
  readLiveExecution,
} from './execution.ts';
import { translate } from './temporal-errors.ts';

const { HistoryEventFilterType, TaskQueueType } = proto.temporal.api.enums.v1;

type Event = temporal.api.history.v1.IHistoryEvent;
type HistoryPage = Pick<
  temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryResponse,
  'history' | 'nextPageToken'
>;
type PageRequest = Pick<
  temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryRequest,
  'namespace' | 'execution' | 'maximumPageSize' | 'nextPageToken'
>;

/** Deadline of a call, in milliseconds. Callers must learn within five seconds that Temporal does not answer. */
const callTimeoutMs = 4000;
/** Events per page. An event may carry a payload of 256 KiB. */
const eventsPerPage = 50;

export interface TaskStoreOptions {
  readonly connection: Connection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly identity: string;
}

export interface Page {
  readonly executions: readonly Execution[];
  readonly nextPageToken: Uint8Array | undefined;
}

export type TaskStore = ReturnType<typeof createTaskStore>;

export function createTaskStore({ connection, namespace, taskQueue, identity }: TaskStoreOptions) {
  const client = new Client({ connection, namespace, identity });
  const service = client.workflowService;

  /** Every call goes through here. The deadline also bounds the client's own silent retries. */
  async function call<T>(fn: () => Promise<T>, timeoutMs = callTimeoutMs): Promise<T> {
    try {
      return await tracked(connection.withDeadline(Date.now() + timeoutMs, fn));
    } catch (error) {
      throw translate(error);
    }
  }

  const inFlight = new Set<Promise<unknown>>();

  function tracked<T>(promise: Promise<T>): Promise<T> {
    inFlight.add(promise);
    return promise.finally(() => inFlight.delete(promise));
  }

  /** Retention of the namespace in milliseconds, kept because it hardly ever changes. */
  let retention: Promise<number> | undefined;

  async function describeRetention(): Promise<number> {
    try {
      const { config } = await call(() => service.describeNamespace({ namespace }));
      return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1000;
    } catch (error) {
      retention = undefined;
      throw error;
    }
  }

  async function firstEvent(
    id: string,
    runId: string,
    filter = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT,
  ): Promise<Event | undefined> {
    const { history } = await call(() =>
      service.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId: id, runId },
        maximumPageSize: 1,
        historyEventFilterType: filter,
      }),
    );
    return history?.events?.[0];
  }

  async function* eventsIn(
    id: string,
    runId: string,
    ask: (request: PageRequest) => Promise<HistoryPage>,
  ): AsyncGenerator<Event> {
    const execution = { workflowId: id, runId };
    let nextPageToken: Uint8Array | null = null;
    do {
      const token: Uint8Array | null = nextPageToken;
      const request: PageRequest = {
        namespace,
        execution,
        maximumPageSize: eventsPerPage,
        nextPageToken: token,
      };
      const page: HistoryPage = await call(() => ask(request));
      yield* page.history?.events ?? [];
      nextPageToken = page.nextPageToken ?? null;
    } while (nextPageToken && nextPageToken.length > 0);
  }

  return {
    client,
    namespace,
    taskQueue,
    call,

    /**
     * Describes the newest run, or the named one. @returns undefined if the workflow is not a task.
     * @throws AppError not_found if it doesn't exist.
     */
    async describe(id: string, runId = ''): Promise<LiveExecution | undefined> {
      const execution = { workflowId: id, runId };
      const response = await call(() => service.describeWorkflowExecution({ namespace, execution }));
      return readLiveExecution(response);
    },

    /** Reads the close event of a run that describe reports as closed: for an open one the server waits for its end. */
    async ending(id: string, runId: string): Promise<Ending> {
      return readEnding(
        await firstEvent(id, runId, HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT),
      );
    },

    /** Returns the input that the run was started with. */
    async input(id: string, runId: string): Promise<TaskInput | undefined> {
      const event = await firstEvent(id, runId);
      return decode<TaskInput>(event?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]);
    },

    /** The events of a run so far, oldest first. */
    events: (id: string, runId: string) =>
      eventsIn(id, runId, (request) => service.getWorkflowExecutionHistory(request)),

    /** The events of a run so far, newest first: what readers look for is near the end. */
    eventsBackwards: (id: string, runId: string) =>
      eventsIn(id, runId, (request) => service.getWorkflowExecutionHistoryReverse(request)),

    async list(query: string, pageSize: number, nextPageToken?: Uint8Array): Promise<Page> {
      const response = await call(() =>
        service.listWorkflowExecutions({ namespace, query, pageSize, nextPageToken: nextPageToken ?? null }),
      );
      const token = response.nextPageToken;
      return {
        executions: (response.executions ?? []).map(readExecution).filter((row) => row !== undefined),
        nextPageToken: token && token.length > 0 ? token : undefined,
      };
    },

    async count(query: string): Promise<number> {
      const { count } = await call(() => service.countWorkflowExecutions({ namespace, query }));
      return Number(count ?? 0);
    },

    /** Counts the runs of a query by Temporal's status. */
    async countByExecution(query: string): Promise<readonly [Execution['status'], number][]> {
      const grouped = `${query} GROUP BY ExecutionStatus`;
      const { groups } = await call(() => service.countWorkflowExecutions({ namespace, query: grouped }));
      return (groups ?? []).flatMap(({ groupValues, count }): [Execution['status'], number][] => {
        const status = executionStatus(decode<string>(groupValues?.[0]));
        return status ? [[status, Number(count ?? 0)]] : [];
      });
    },

    /** Returns how long the namespace keeps a run after its end, in milliseconds. */
    async retentionMs(): Promise<number> {
      retention ??= describeRetention();
      return retention;
    },

    async signal(id: string, runId: string, command: TaskCommand): Promise<void> {
      await call(() => client.workflow.getHandle(id, runId).signal(commandSignal, command));
    },

    /** Notifies a task of the end of a predecessor. */
    async signalPredecessorEnd(id: string, runId: string, over: EndedPredecessor): Promise<void> {
      await call(() => client.workflow.getHandle(id, runId).signal(predecessorEndedSignal, over));
    },

    /** Unlike the SDK's own call, this one takes a reason, which the event history keeps. */
    async cancel(id: string, runId: string, reason: string): Promise<void> {
      const workflowExecution = { workflowId: id, runId };
      await call(() =>
        service.requestCancelWorkflowExecution({ namespace, workflowExecution, identity, reason }),
      );
    },

    /** Deletes a run and its records. An open run ends without running any further. */
    async remove(id: string, runId: string): Promise<void> {
      const workflowExecution = { workflowId: id, runId };
      await call(() => service.deleteWorkflowExecution({ namespace, workflowExecution }));
    },

    /** Closes the connection once the calls in flight are over: a retry on a closed one would end the process. */
    async close(): Promise<void> {
      await Promise.allSettled(inFlight);
      await connection.close();
    },

    /** Returns the server's version and how fast it answers a call that needs no work. */
    async probe(): Promise<{ serverVersion: string; latencyMs: number }> {
      const startedAt = performance.now();
      const { serverVersion } = await call(() => service.getSystemInfo({}));
      return { serverVersion: serverVersion ?? '', latencyMs: performance.now() - startedAt };
    },

    /** Returns the workers that have polled the task queue recently, and when they were last seen. */
    async workersSeen(): Promise<readonly { identity: string; lastSeenAt: number }[]> {
      const { pollers } = await call(() =>
        service.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        }),
      );
      return (pollers ?? []).map(({ identity, lastAccessTime }) => ({
        identity: identity ?? '',
        lastSeenAt: Number(lastAccessTime?.seconds ?? 0) * 1000,
      }));
    },
  };
}
