/**
 * All metrics of the service, as the page shows them: names, labels and their values, buckets, meanings. docs/metrics.md
 * has the same table. A label's values are a fixed list, or `any` where the code keeps them few: task types, the patterns
 * of routes, versions. They never are what a user has written, an id or an address.
 */
import { ends, taskStatuses } from '../contract/status.ts';

/** The process that has a metric on its page. */
export type MetricRole = 'api' | 'worker';

type LabelValues = Readonly<Record<string, readonly string[] | 'any'>>;

export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly roles: readonly MetricRole[];
  readonly labels: LabelValues;
  readonly help: string;
  /** Upper bounds of a histogram's buckets, in seconds. */
  readonly buckets?: readonly number[];
}

const api = ['api'] as const;
const worker = ['worker'] as const;
const both = ['api', 'worker'] as const;

/** Outcomes of attempts, as the records of tasks have them. */
export const attemptOutcomes = ['completed', 'failed', 'cancelled', 'lost', 'handed_back'] as const;

/** Methods that a route can have; all others count as one. */
export const measuredMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Codes with which sockets are closed, by us or by well-behaved clients; all others count as one. */
export const measuredCloseCodes = [
  '1000',
  '1001',
  '1005',
  '1006',
  '1008',
  '1009',
  '1012',
  '1013',
  '4401',
  '4404',
] as const;

const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;
const attemptBuckets = [0.01, 0.1, 0.5, 1, 5, 30, 60, 300, 1800] as const;
const latenessBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800] as const;
const lagBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60] as const;

function counter<const L extends LabelValues>(roles: readonly MetricRole[], labels: L, help: string) {
  return { kind: 'counter', roles, labels, help } as const;
}

function gauge<const L extends LabelValues>(roles: readonly MetricRole[], labels: L, help: string) {
  return { kind: 'gauge', roles, labels, help } as const;
}

function histogram<const L extends LabelValues>(
  roles: readonly MetricRole[],
  labels: L,
  help: string,
  buckets: readonly number[],
) {
  return { kind: 'histogram', roles, labels, help, buckets } as const;
}

export const catalogue = {
  taskbell_task_lateness_seconds: histogram(
    worker,
    { type: 'any' },
    'Time from the moment at which a task became due to the start of its first attempt.',
    latenessBuckets,
  ),
  taskbell_clock_skew_total: counter(
    worker,
    {},
    "First attempts that started before their task was due: the worker's clock is behind Temporal's.",
  ),
  taskbell_tasks_ended_total: counter(
    worker,
    { type: 'any', status: ends },
    'Runs of tasks that have ended, by status. Counted again if the workflow task is repeated.',
  ),
  taskbell_attempts_total: counter(
    worker,
    { type: 'any', outcome: attemptOutcomes },
    'Attempts that have ended. A lost one is counted by the worker that starts the next.',
  ),
  taskbell_attempt_duration_seconds: histogram(
    worker,
    { type: 'any', outcome: attemptOutcomes },
    'Time from the start of an attempt to its end.',
    attemptBuckets,
  ),
  taskbell_task_retries_total: counter(
    worker,
    { type: 'any' },
    "Failed attempts after which the task's retry policy starts another.",
  ),
  taskbell_task_retries_exhausted_total: counter(
    worker,
    { type: 'any' },
    'Tasks that failed by an attempt that could be retried, with no retries left.',
  ),
  taskbell_task_timeouts_total: counter(
    worker,
    { limit: ['soft', 'hard'] },
    'Attempts that failed by their soft or hard time limit.',
  ),
  taskbell_slots: gauge(
    worker,
    { state: ['used', 'free', 'guest'] },
    'Slots of this worker; guest is the number of attempts in guest slots.',
  ),
  taskbell_handler_processes: gauge(
    worker,
    { state: ['starting', 'idle', 'busy'] },
    'Handler processes of this worker.',
  ),
  taskbell_handler_processes_recycled_total: counter(
    worker,
    { reason: ['attempts', 'memory', 'stopped', 'ended'] },
    'Handler processes that were replaced: after their share of attempts, above the memory limit, because their attempt was stopped, or because they ended.',
  ),
  taskbell_handler_processes_memory_bytes: gauge(
    worker,
    {},
    'Resident memory of all handler processes of this worker.',
  ),
  taskbell_tasks: gauge(
    api,
    { status: taskStatuses },
    'Tasks by status, up to 30 s old. RUNNING is the difference of counts at different moments. The same in all APIs: use max.',
  ),
  taskbell_oldest_pending_seconds: gauge(
    api,
    {},
    'Time since the oldest task that is PENDING became due, up to 30 s ago; approximate if there are many. The same in all APIs: use max.',
  ),
  taskbell_overdue_tasks: gauge(
    api,
    {},
    'Tasks that have been PENDING for more than a minute, up to 30 s ago. The same in all APIs: use max.',
  ),
  taskbell_queue_backlog: gauge(
    api,
    { queue: ['attempts', 'workflows'] },
    "Approximate number of entries of Temporal's task queue that no worker has taken, up to 30 s ago. The same in all APIs: use max.",
  ),
  taskbell_queue_backlog_age_seconds: gauge(
    api,
    { queue: ['attempts', 'workflows'] },
    'Approximate age of the oldest of these entries, up to 30 s ago. The same in all APIs: use max.',
  ),
  taskbell_workers: gauge(
    api,
    {},
    'Workers that are running, up to 30 s ago. The same in all APIs: use max.',
  ),
  taskbell_http_requests_total: counter(
    api,
    { method: [...measuredMethods, 'other'], route: 'any', status: 'any' },
    'HTTP requests by the pattern of their route.',
  ),
  taskbell_http_request_duration_seconds: histogram(
    api,
    { method: [...measuredMethods, 'other'], route: 'any' },
    'Time from a request to its response.',
    requestBuckets,
  ),
  taskbell_sockets: gauge(
    api,
    { kind: ['task', 'list', 'events'] },
    'Open feeds: WebSockets of one task or of many, and event streams.',
  ),
  taskbell_socket_closed_total: counter(
    api,
    { code: [...measuredCloseCodes, 'other'] },
    'WebSockets that were closed, by close code.',
  ),
  taskbell_socket_dropped_total: counter(
    api,
    {},
    'Messages that a WebSocket never got: its client reads slowly, and a newer state replaced them.',
  ),
  taskbell_bridge_lag_seconds: histogram(
    api,
    {},
    "Time from a change, by Temporal's clock, to the sending of its message to those who watch the task.",
    lagBuckets,
  ),
  taskbell_bridge_tick_seconds: histogram(
    api,
    {},
    'Time that one look for changes takes. There are looks only while someone watches.',
    requestBuckets,
  ),
  taskbell_bridge_watched: gauge(api, {}, 'Tasks and lists that are watched.'),
  taskbell_bridge_calls_total: counter(
    api,
    { call: ['changes', 'look'] },
    'Looks for changes, of two list calls each, and looks at one task.',
  ),
  taskbell_temporal_calls_total: counter(
    both,
    { call: 'any', outcome: ['ok', 'rejected', 'unavailable'] },
    'Calls to Temporal. A rejected one has an answer, such as that there is no such workflow.',
  ),
  taskbell_temporal_call_duration_seconds: histogram(
    both,
    { call: 'any' },
    'Time of a call to Temporal.',
    requestBuckets,
  ),
  taskbell_signin_failures_total: counter(api, {}, 'Sign-ins with a wrong name or password.'),
  taskbell_rate_limited_total: counter(
    api,
    { why: ['requests', 'sign_ins', 'feeds', 'bulk'] },
    'Requests that were rejected because there were too many.',
  ),
  taskbell_quota_refused_total: counter(
    api,
    {},
    'Tasks and edits that were rejected because their owner has too many tasks or too much data.',
  ),
  taskbell_build_info: gauge(
    both,
    { version: 'any', node: 'any', sdk: 'any', server: 'any' },
    "Versions of Taskbell, Node.js, Temporal's SDK and the Temporal server. Always 1.",
  ),
} as const satisfies Readonly<Record<string, MetricDefinition>>;
