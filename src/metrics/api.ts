/** What an API process shows of the whole service. All API processes show the same. */
import { type TaskStatus, taskStatuses } from '../contract/status.ts';
import { createLimiter } from '../lib/limiter.ts';
import { createSample, type Sample } from './sample.ts';
import type { GaugeName, Reading, Telemetry } from './telemetry.ts';

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

/**
 * Registers the gauges of the figures. They are read only while someone reads the page, at most every half minute, and
 * the last ones are shown while Temporal is slow. @returns a function that removes them.
 */
export function measureService(telemetry: Telemetry, figures: ServiceFigures): () => void {
  // One after the other: a default server allows ten visibility calls a second.
  const { run } = createLimiter({ concurrency: 1, queue: Number.POSITIVE_INFINITY });
  const workers = createSample(() => run(figures.countWorkers));
  const backlogs = createSample(() => run(readBacklogs));
  const pending = createSample(() => run(figures.pending));
  const tasks = createSample(() => run(figures.countByStatus));
  // The first that takes long keeps those after it from the page.
  const cheapestFirst = [workers, backlogs, pending, tasks];

  async function readBacklogs() {
    const each = await Promise.all(queues.map((queue) => figures.backlog(queue)));
    return each.flatMap((backlog, index) => {
      const queue = queues[index];
      return backlog && queue ? [{ labels: { queue }, ...backlog }] : [];
    });
  }

  function gauge<N extends GaugeName, T>(
    name: N,
    sample: Sample<T>,
    readings: (value: T) => readonly Reading<N>[],
  ): () => void {
    return telemetry.gauge(name, async () => {
      for (const each of cheapestFirst) each.refresh();
      return readings(await sample.read());
    });
  }

  const removers = [
    gauge('taskbell_tasks', tasks, (counts) =>
      taskStatuses.map((status) => ({ labels: { status }, value: counts[status] })),
    ),
    gauge('taskbell_oldest_pending_seconds', pending, ({ oldestSeconds }) => [
      { labels: {}, value: oldestSeconds },
    ]),
    gauge('taskbell_overdue_tasks', pending, ({ overdue }) => [{ labels: {}, value: overdue }]),
    gauge('taskbell_workers', workers, (count) => [{ labels: {}, value: count }]),
    gauge('taskbell_queue_backlog', backlogs, (all) =>
      all.map(({ labels, count }) => ({ labels, value: count })),
    ),
    gauge('taskbell_queue_backlog_age_seconds', backlogs, (all) =>
      all.map(({ labels, ageSeconds }) => ({ labels, value: ageSeconds })),
    ),
  ];
  return () => {
    for (const remove of removers) remove();
  };
}
