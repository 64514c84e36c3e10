/**
 * The workers that are running. Their heartbeats say the most, from a few seconds after a worker has started. Recent
 * polls of the task queue show a worker before that, and where the server keeps no heartbeats.
 */
import proto, { type temporal } from '@temporalio/proto';
import type { WorkerSeen } from '../contract/overview.ts';
import { millis } from './execution.ts';
import type { TaskStore } from './store.ts';
import { grpcCode } from './temporal-errors.ts';

type Heartbeat = temporal.api.worker.v1.IWorkerHeartbeat;
type Poller = Awaited<ReturnType<TaskStore['workersSeen']>>[number];

const { WorkerStatus } = proto.temporal.api.enums.v1;

/** Maximum age of a heartbeat, in milliseconds: nine intervals (src/worker/worker.ts), in case a clock is a bit off. */
const heartbeatFreshMs = 45_000;
/** Maximum age of a poll, in milliseconds. A long poll takes a minute. */
const pollFreshMs = 70_000;
const maxWorkers = 200;

/** gRPC status codes of servers that do not know the call, have it switched off, or do not permit it. */
const unsupported: ReadonlySet<number | undefined> = new Set([3, 7, 12]);

export async function listWorkers(store: TaskStore): Promise<WorkerSeen[]> {
  const [heartbeats, pollers] = await Promise.all([listHeartbeats(store), store.workersSeen()]);
  return liveWorkers(heartbeats, pollers, Date.now());
}

async function listHeartbeats({ client, namespace, taskQueue, call }: TaskStore): Promise<Heartbeat[]> {
  try {
    const { workersInfo } = await call(() =>
      client.workflowService.listWorkers({
        namespace,
        query: `TaskQueue = '${taskQueue}'`,
        pageSize: 2 * maxWorkers,
      }),
    );
    return (workersInfo ?? []).flatMap(({ workerHeartbeat }) => workerHeartbeat ?? []);
  } catch (error) {
    if (unsupported.has(grpcCode(error))) return [];
    throw error;
  }
}

/**
 * Merges heartbeats and polls. A worker process is two workers to Temporal, under one identity: the one with slots for
 * attempts stands for both. It is the first to report its shutdown. Polls by a worker that is known to have stopped are
 * out of date.
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
