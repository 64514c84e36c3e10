import type { temporal } from '@temporalio/proto';
import type { ServiceCalls } from './history.ts';
import { decode } from './payload.ts';

export type ExecutionInfo = temporal.api.workflow.v1.IWorkflowExecutionInfo;

export interface ExecutionPage {
  readonly executions: readonly ExecutionInfo[];
  readonly nextPageToken: Uint8Array | undefined;
}

/** Queries of visibility, the index of all runs. */
export function createVisibility({ call, service, namespace }: ServiceCalls) {
  return {
    async list(query: string, pageSize: number, nextPageToken?: Uint8Array): Promise<ExecutionPage> {
      const request = { namespace, query, pageSize, nextPageToken: nextPageToken ?? null };
      const response = await call('listWorkflows', () => service.listWorkflowExecutions(request));
      const token = response.nextPageToken;
      return {
        executions: response.executions ?? [],
        nextPageToken: token && token.length > 0 ? token : undefined,
      };
    },

    async count(query: string): Promise<number> {
      const request = { namespace, query };
      const { count } = await call('countWorkflows', () => service.countWorkflowExecutions(request));
      return Number(count ?? 0);
    },

    /** Counts the runs of a query by the name that Temporal gives to their status. */
    async countByStatus(query: string): Promise<readonly [string | undefined, number][]> {
      const request = { namespace, query: `${query} GROUP BY ExecutionStatus` };
      const { groups } = await call('countWorkflows', () => service.countWorkflowExecutions(request));
      return (groups ?? []).map(({ groupValues, count }) => [
        decode<string>(groupValues?.[0]),
        Number(count ?? 0),
      ]);
    },
  };
}
