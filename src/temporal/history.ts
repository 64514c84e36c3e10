import type { WorkflowService } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';
import type { Call } from './calls.ts';

const { HistoryEventFilterType } = proto.temporal.api.enums.v1;

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type HistoryPage = Pick<
  temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryResponse,
  'history' | 'nextPageToken'
>;
type PageRequest = Pick<
  temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryRequest,
  'namespace' | 'execution' | 'maximumPageSize' | 'nextPageToken'
>;

/** Events per page. An event may have a payload of 256 KiB. */
const eventsPerPage = 50;

export interface ServiceCalls {
  readonly call: Call;
  readonly service: WorkflowService;
  readonly namespace: string;
}

/** Reads of event histories. */
export function createHistoryReader({ call, service, namespace }: ServiceCalls) {
  async function firstEvent(
    id: string,
    runId: string,
    historyEventFilterType: temporal.api.enums.v1.HistoryEventFilterType,
  ): Promise<HistoryEvent | undefined> {
    const execution = { workflowId: id, runId };
    const { history } = await call('getWorkflowHistory', () =>
      service.getWorkflowExecutionHistory({
        namespace,
        execution,
        maximumPageSize: 1,
        historyEventFilterType,
      }),
    );
    return history?.events?.[0];
  }

  async function* eventsIn(
    id: string,
    runId: string,
    ask: (request: PageRequest) => Promise<HistoryPage>,
  ): AsyncGenerator<HistoryEvent> {
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
      const page: HistoryPage = await call('getWorkflowHistory', () => ask(request));
      yield* page.history?.events ?? [];
      nextPageToken = page.nextPageToken ?? null;
    } while (nextPageToken && nextPageToken.length > 0);
  }

  return {
    startEvent: (id: string, runId: string) =>
      firstEvent(id, runId, HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT),

    /** Reads the close event of a closed run. On an open one, the server would wait for it to end. */
    closeEvent: (id: string, runId: string) =>
      firstEvent(id, runId, HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT),

    /** The events of a run so far, oldest first. */
    events: (id: string, runId: string) =>
      eventsIn(id, runId, (request) => service.getWorkflowExecutionHistory(request)),

    /** The events of a run so far, newest first: what readers look for is near the end. */
    eventsBackwards: (id: string, runId: string) =>
      eventsIn(id, runId, (request) => service.getWorkflowExecutionHistoryReverse(request)),
  };
}
