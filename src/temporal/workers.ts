/**
 * Lists the workers that are running. Their heartbeats say the most, but come only a few seconds after a
 * worker has started. Recent polls of the task queue show a worker before that, and where the server keeps no
 * heartbeats.
 */
import type { WorkflowService } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';
import { isGuestIdentity } from '../contract/names.ts';
import type { WorkerSeen } from '../contract/overview.ts';
import type { Call } from './calls.ts';
import { grpcCode, grpcStatus } from './grpc.ts';
import { millis } from './payload.ts';

type Heartbeat = temporal.api.worker.v1.IWorkerHeartbeat;

/** A worker that has polled the task queue. */
export interface Poller {
  readonly identity: string;
  readonly lastSeenAt: number;
}

const { TaskQueueType, WorkerStatus } = proto.temporal.api.enums.v1;

/** Maximum age of a heartbeat, in milliseconds: nine intervals (src/worker/worker.ts), in case a clock is a bit off. */
const heartbeatFreshMs = 45_000;
/** Maximum age of a poll, in milliseconds. A long poll takes a minute. */
const pollFreshMs = 70_000;
const maxWorkers = 200;

/** gRPC status codes of servers that do not know the call, have it switched off, or do not permit it. */
const unsupported: ReadonlySet<number | undefined> = new Set([
  grpcStatus.invalidArgument,
  grpcStatus.permissionDenied,
  grpcStatus.unimplemented,
]);

interface WorkerListOptions {
  readonly call: Call;
  readonly service: WorkflowService;
  readonly namespace: string;
  readonly taskQueue: string;
}

export function createWorkerList({ call, service, namespace, taskQueue }: WorkerListOptions) {
  /** Returns when the task queue's workers were last seen, from those that have polled it recently. */
  async function workersSeen(): Promise<readonly Poller[]> {
    const { pollers } = await call('describeTaskQueue', () =>
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
  }

  async function listHeartbeats(): Promise<Heartbeat[]> {
    const request = { namespace, query: `TaskQueue = '${taskQueue}'`, pageSize: 3 * maxWorkers };
    try {
      const { workersInfo } = await call('listWorkers', () => service.listWorkers(request));
      const all = (workersInfo ?? []).flatMap(({ workerHeartbeat }) => workerHeartbeat ?? []);
      // A guest slot is not a worker: its attempts are in the number of none.
      return all.filter(({ workerIdentity }) => !isGuestIdentity(workerIdentity ?? ''));
    } catch (error) {
      if (unsupported.has(grpcCode(error))) return [];
      throw error;
    }
  }

  return {
    workersSeen,
    async listWorkers(): Promise<WorkerSeen[]> {
      const [heartbeats, pollers] = await Promise.all([listHeartbeats(), workersSeen()]);
      return liveWorkers(heartbeats, pollers, Date.now());
    },
  };
}

/**
 * Merges heartbeats and polls. A worker process is two workers to Temporal under one identity, besides the one of its
 * guest slot: the one with slots for attempts stands for all. It is the first to report its shutdown. Polls by a worker
 * that is known to have stopped are out of date.
 */
export function liveWorkers(
  heartbeats: readonly Heartbeat[],
  pollers: readonly Poller[],
  now: number,
): WorkerSeen[] {
  const known = new Set(heartbeats.map(({ workerIdentity }) => workerIdentity));
  const live = new Map<string, WorkerSeen>();
  for (const { identity, lastSeenAt } of pollers) {
    if (known.has(identity) || now - lastSeenAt > pollFreshMs) continue;
    const last_seen_at = new Date(lastSeenAt).toISOString();
    live.set(identity, { identity, last_seen_at, started_at: null, attempts: null });
  }
  for (const heartbeat of heartbeats) {
    const seen = takesAttempts(heartbeat, now) ? readHeartbeat(heartbeat) : undefined;
    // Another process may have had the same identity a moment ago, as in a restarted container.
    if (seen && (live.get(seen.identity)?.last_seen_at ?? '') < seen.last_seen_at)
      live.set(seen.identity, seen);
  }
  return [...live.values()].toSorted((a, b) => (a.identity < b.identity ? -1 : 1)).slice(0, maxWorkers);
}

function takesAttempts({ status, heartbeatTime, activityTaskSlotsInfo: slots }: Heartbeat, now: number) {
  const isFresh = now - (millis(heartbeatTime) ?? 0) <= heartbeatFreshMs;
  const hasSlots = (slots?.currentUsedSlots ?? 0) + (slots?.currentAvailableSlots ?? 0) > 0;
  return status === WorkerStatus.WORKER_STATUS_RUNNING && isFresh && hasSlots;
}

function readHeartbeat(heartbeat: Heartbeat): WorkerSeen {
  const { workerIdentity, heartbeatTime, startTime, activityTaskSlotsInfo: slots } = heartbeat;
  const startedAt = millis(startTime);
  const failed = slots?.totalFailedTasks ?? 0;
  return {
    identity: workerIdentity ?? '',
    last_seen_at: new Date(millis(heartbeatTime) ?? 0).toISOString(),
    started_at: startedAt === undefined ? null : new Date(startedAt).toISOString(),
    attempts: {
      used: slots?.currentUsedSlots ?? 0,
      available: slots?.currentAvailableSlots ?? 0,
      completed: Math.max(0, (slots?.totalProcessedTasks ?? 0) - failed),
      failed,
    },
  };
}
