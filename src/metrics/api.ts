/** What an API process shows of the whole service. All API processes show the same. */
import { type TaskStatus, taskStatuses } from '../contract/status.ts';
import { createLimiter } from '../lib/limiter.ts';
import { createSample } from './sample.ts';
import type { Telemetry } from './telemetry.ts';

/** Figures of the service, each of which takes calls to Temporal. Each throws if Temporal does not answer. */
export interface ServiceFigures {
  countByStatus(): Promise<Readonly<Record<TaskStatus, number>>>;
  pending(): Promise<{ readonly oldestSeconds: number; readonly overdue: number }>;
  countWorkers(): Promise<number>;
  /** Returns undefined if the server does not say. */
  backlog(
    queue: 'attempts' | 'workflows',
  ): Promise<{ readonly count: number; readonly ageSeconds: number } | undefined>;
}

const queues = ['attempts', 'workflows'] as const;

/** Registers the gauges of the figures. They are read only while someone reads the page, at most every half minute. */
export function measureService(telemetry: Telemetry, figures: ServiceFigures): void {
  // One after the other: a default server allows ten visibility calls a second.
  const { run } = createLimiter({ concurrency: 1, queue: Number.POSITIVE_INFINITY });
  const tasks = createSample(() => run(figures.countByStatus));
  const pending = createSample(() => run(figures.pending));
  const workers = createSample(() => run(figures.countWorkers));
  const backlogs = createSample(() => run(readBacklogs));

  async function readBacklogs() {
    const each = await Promise.all(queues.map((queue) => figures.backlog(queue)));
    return each.flatMap((backlog, index) => {
      const queue = queues[index];
      return backlog && queue ? [{ labels: { queue }, ...backlog }] : [];
    });
  }

  telemetry.gauge('taskbell_tasks', async () => {
    const counts = await tasks.read();
    return taskStatuses.map((status) => ({ labels: { status }, value: counts[status] }));
  });
  telemetry.gauge('taskbell_oldest_pending_seconds', async () => [
    { labels: {}, value: (await pending.read()).oldestSeconds },
  ]);
  telemetry.gauge('taskbell_overdue_tasks', async () => [
    { labels: {}, value: (await pending.read()).overdue },
  ]);
  telemetry.gauge('taskbell_workers', async () => [{ labels: {}, value: await workers.read() }]);
  telemetry.gauge('taskbell_queue_backlog', async () =>
    (await backlogs.read()).map(({ labels, count }) => ({ labels, value: count })),
  );
  telemetry.gauge('taskbell_queue_backlog_age_seconds', async () =>
    (await backlogs.read()).map(({ labels, ageSeconds }) => ({ labels, value: ageSeconds })),
  );
}
