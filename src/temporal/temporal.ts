/**
 * Temporal as the rest of the service sees it: every call by name, with a deadline and our own errors. Knows
 * Temporal's requests, but nothing of tasks. `close()` waits for the calls in progress.
 */
import { Client, type ConnectionOptions } from '@temporalio/client';
// The SDK's public options have no request id, by which the server recognises two starts as one request.
import {
  type InternalWorkflowStartOptions,
  InternalWorkflowStartOptionsSymbol,
} from '@temporalio/client/lib/internal.js';
import {
  type SignalDefinition,
  type UpdateDefinition,
  type Workflow,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import { notFound } from '../contract/errors.ts';
import { detached } from '../lib/detached.ts';
import type { Telemetry } from '../metrics/telemetry.ts';
import { createBacklogReader } from './backlog.ts';
import { createCalls } from './calls.ts';
import { createServerClock } from './clock.ts';
import { createConnection } from './connection.ts';
import { createHistoryReader } from './history.ts';
import { createVisibility } from './visibility.ts';
import { createWorkerList } from './workers.ts';

export interface TemporalOptions {
  readonly connection: ConnectionOptions;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly identity: string;
  readonly telemetry?: Telemetry;
}

/** A run of a workflow; without a run id, the newest. */
export interface WorkflowRunId {
  readonly id: string;
  readonly runId?: string;
}

export type WorkflowStart<A extends unknown[]> = Omit<
  InternalWorkflowStartOptions,
  'taskQueue' | typeof InternalWorkflowStartOptionsSymbol
> & {
  readonly args: A;
  /** Two starts with the same id are one request to the server, which starts one run and answers both with it. */
  readonly requestId?: string | undefined;
};

export type Temporal = ReturnType<typeof createTemporal>;

/** Creates the gateway. It connects on first use, and again whenever the connection is lost. */
export function createTemporal(options: TemporalOptions) {
  const { namespace, taskQueue, identity } = options;
  const connection = createConnection(options.connection);
  const { call, settled } = createCalls(connection, options.telemetry);
  const client = new Client({ connection, namespace, identity });
  const service = client.workflowService;
  const clock = createServerClock({ connection, service, call, namespace, taskQueue: `${taskQueue}-clock` });
  /** Rarely changes, so it is read once. */
  let retention: Promise<number> | undefined;

  async function describeRetention(): Promise<number> {
    try {
      const { config } = await call('describeNamespace', () => service.describeNamespace({ namespace }));
      return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1000;
    } catch (error) {
      retention = undefined;
      throw error;
    }
  }

  return {
    namespace,
    taskQueue,
    clock,
    ...createHistoryReader({ call, service, namespace }),
    ...createVisibility({ call, service, namespace }),
    ...createWorkerList({ call, service, namespace, taskQueue }),
    ...createBacklogReader({ call, service, namespace, taskQueue }),

    /**
     * Starts a run on our task queue.
     * @returns its run id.
     * @throws WorkflowExecutionAlreadyStartedError when the id is taken.
     */
    async start<A extends unknown[]>(type: string, start: WorkflowStart<A>): Promise<string> {
      const { requestId, ...rest } = start;
      const all: InternalWorkflowStartOptions & { args: A } = { ...rest, taskQueue };
      if (requestId !== undefined) all[InternalWorkflowStartOptionsSymbol] = { requestId };
      const handle = await call('startWorkflow', () => client.workflow.start(type, all));
      return handle.firstExecutionRunId;
    },

    /** Describes the newest run, or the named one. @throws AppError not_found */
    describe({ id, runId = '' }: WorkflowRunId) {
      const execution = { workflowId: id, runId };
      return call('describeWorkflow', () => service.describeWorkflowExecution({ namespace, execution }));
    },

    async signal<A extends unknown[]>(
      { id, runId }: WorkflowRunId,
      definition: SignalDefinition<A>,
      ...args: A
    ): Promise<void> {
      await call('signalWorkflow', () => client.workflow.getHandle(id, runId).signal(definition, ...args));
    },

    /**
     * Signals a run that may be in its start delay, and ends the delay, which a plain signal does not. Temporal does this
     * only together with a start: if the run was deleted a moment ago, a run of the type `missedType` is started in its
     * place. No worker runs that one, which ends within a second, and it is removed.
     * @param run.firstRunId id of the run or, if it was reset, of its first one.
     * @throws AppError not_found if the run has ended or was deleted. A newer run with the id has received the signal.
     */
    async signalDelayed<A extends unknown[]>(
      { id, firstRunId }: { readonly id: string; readonly firstRunId: string },
      missedType: string,
      definition: SignalDefinition<A>,
      ...args: A
    ): Promise<void> {
      const missed = { workflowIdReusePolicy: 'REJECT_DUPLICATE', workflowExecutionTimeout: '1 s' } as const;
      const options = { ...missed, workflowId: id, taskQueue: `${taskQueue}-unused`, args: [] };
      const handle = await call('signalWithStartWorkflow', () =>
        // The type of its options depends on the number of arguments, which is not known here.
        client.workflow.signalWithStart<Workflow, unknown[]>(missedType, {
          ...options,
          signal: definition.name,
          signalArgs: args,
        }),
      ).catch((error: unknown) => {
        // The only run with the id has ended.
        throw error instanceof WorkflowExecutionAlreadyStartedError ? notFound() : error;
      });
      const runId = handle.signaledRunId;
      if (runId === firstRunId) return;
      const { workflowExecutionInfo: info } = await this.describe({ id, runId });
      if (info?.firstRunId === firstRunId) return;
      if (info?.type?.name === missedType) await this.remove({ id, runId });
      throw notFound();
    },

    /** @throws {UpdateRejected} by the validator, {UpdateUnanswered} when no worker takes it in time. */
    update<R, A extends [unknown, ...unknown[]]>(
      { id, runId }: WorkflowRunId,
      definition: UpdateDefinition<R, A>,
      args: A,
      timeoutMs: number,
    ): Promise<R> {
      const handle = client.workflow.getHandle(id, runId);
      return call('updateWorkflow', () => handle.executeUpdate<R, A>(definition, { args }), timeoutMs);
    },

    /** Unlike the SDK's own call, this one takes a reason, which the event history keeps. */
    async cancel({ id, runId = '' }: WorkflowRunId, reason: string): Promise<void> {
      const workflowExecution = { workflowId: id, runId };
      await call('cancelWorkflow', () =>
        service.requestCancelWorkflowExecution({ namespace, workflowExecution, identity, reason }),
      );
    },

    /** Ends an open run without running any more of it. @throws AppError not_found if it has ended */
    async terminate({ id, runId = '' }: WorkflowRunId, reason: string): Promise<void> {
      const workflowExecution = { workflowId: id, runId };
      await call('terminateWorkflow', () =>
        service.terminateWorkflowExecution({ namespace, workflowExecution, identity, reason }),
      );
    },

    /** Ends an open run without running any more of it, and removes its records. */
    async remove({ id, runId = '' }: WorkflowRunId): Promise<void> {
      const workflowExecution = { workflowId: id, runId };
      await call('deleteWorkflow', () => service.deleteWorkflowExecution({ namespace, workflowExecution }));
    },

    /** Returns how long the namespace keeps a run after its end, in milliseconds. */
    async retentionMs(): Promise<number> {
      // Shared by all callers, so it has no one's deadline.
      retention ??= detached(describeRetention);
      return retention;
    },

    /** Returns the server's version, and the latency of a call for which it does no work. */
    async probe(): Promise<{ serverVersion: string; latencyMs: number }> {
      const startedAt = performance.now();
      const { serverVersion } = await call('getSystemInfo', () => service.getSystemInfo({}));
      return { serverVersion: serverVersion ?? '', latencyMs: performance.now() - startedAt };
    },

    /**
     * Closes the connection once the calls in progress have ended: a retry on a closed one would end the
     * process.
     */
    async close(): Promise<void> {
      await clock.close();
      await settled();
      await connection.close();
    },
  };
}
