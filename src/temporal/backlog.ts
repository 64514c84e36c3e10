import proto from '@temporalio/proto';
import type { ServiceCalls } from './history.ts';

/** What waits in a task queue. */
export interface Backlog {
  readonly count: number;
  /** Age of what has waited longest, in seconds. */
  readonly ageSeconds: number;
}

const { TaskQueueType } = proto.temporal.api.enums.v1;

const types = {
  workflows: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  attempts: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
} as const;

export function createBacklogReader({
  call,
  service,
  namespace,
  taskQueue,
}: ServiceCalls & { readonly taskQueue: string }) {
  return {
    /** Returns what no worker has taken yet. Undefined if the server does not say. */
    async backlog(of: keyof typeof types): Promise<Backlog | undefined> {
      const { stats } = await call('describeTaskQueue', () =>
        service.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: types[of],
          reportStats: true,
        }),
      );
      if (!stats) return undefined;
      const { approximateBacklogCount: count, approximateBacklogAge: age } = stats;
      return { count: Number(count ?? 0), ageSeconds: Number(age?.seconds ?? 0) + (age?.nanos ?? 0) / 1e9 };
    },
  };
}
