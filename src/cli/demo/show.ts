import { setTimeout as sleep } from 'node:timers/promises';
import { endedStatuses } from '../../contract/status.ts';
import type { Task, TaskSummary } from '../../contract/task.ts';
import { unlessAborted } from '../../lib/wait.ts';
import { type DemoClient, Refusal } from './client.ts';
import { openScreen, type Output } from './screen.ts';
import type { Row } from './table.ts';
import { isAddressRefusal, type Scene } from './tasks.ts';
import { watchTask } from './watch.ts';

/** A scene in progress. */
export interface Part {
  readonly scene: Scene;
  readonly row: Row;
  /** The response to its creation: the feed's messages lack the links for admins. undefined if it was refused. */
  readonly created: Task | undefined;
}

interface ScheduleOptions {
  readonly scenes: readonly Scene[];
  readonly client: DemoClient;
  /** Receives the parts one by one, so that a caller that gives up knows what to tidy up. */
  readonly parts: Part[];
  readonly stop: AbortSignal;
}

/** Creates the tasks. A refusal to call the demo's target is not an error: it is shown as a refusal. */
export async function schedule({ scenes, client, parts, stop }: ScheduleOptions): Promise<void> {
  for (const scene of scenes) {
    // Not raced against `stop`: a task must not be created without its part being recorded for tidying up.
    stop.throwIfAborted();
    const { name } = scene.task;
    try {
      const task = await client.create(scene.task);
      const plan = scene.later && { what: scene.later.what, at: Date.now() + scene.later.afterMs };
      parts.push({ scene, row: { name, task, plan }, created: task });
    } catch (error) {
      if (scene.ifRefused === undefined || !isUrlRefusal(error)) throw error;
      if (scene.ifRefused.instead) await schedule({ scenes: [scene.ifRefused.instead], client, parts, stop });
      else
        parts.push({
          scene,
          row: { name, task: undefined, refusal: 'the service does not allow calls to loopback' },
          created: undefined,
        });
    }
  }
}

function isUrlRefusal(error: unknown): boolean {
  return error instanceof Refusal && error.status === 400 && error.pointers.includes('/payload/url');
}

interface ShowOptions {
  readonly url: string;
  readonly token: string;
  readonly client: DemoClient;
  readonly output: Output;
  readonly parts: readonly Part[];
  readonly deadlineMs: number;
  readonly stop: AbortSignal;
}

/**
 * Shows the tasks until all have ended or the deadline has passed.
 * @throws the error of a feed or a command, or the reason of `stop`.
 */
export async function show(options: ShowOptions): Promise<void> {
  const { url, token, output, parts, stop } = options;
  const screen = openScreen(
    output,
    parts.map(({ row }) => row),
  );
  const leave = new AbortController();
  const unwatch: (() => void)[] = [];
  try {
    const ended = new Promise<void>((resolve, reject) => {
      for (const part of parts) {
        if (part.created === undefined) continue;
        const onTask = (task: TaskSummary): void => {
          part.row.task = task;
          screen.update(part.row);
          if (parts.every(hasEnded)) resolve();
        };
        unwatch.push(watchTask({ url, token, taskId: part.created.id, onTask, onFault: reject }));
        act(part, options, screen.update, leave.signal).catch(reject);
      }
    });
    const tooLate = sleep(options.deadlineMs, undefined, { signal: leave.signal });
    await unlessAborted(Promise.race([ended, tooLate]), stop);
  } finally {
    leave.abort();
    for (const close of unwatch) close();
    screen.close();
  }
}

/** Carries out the scene's command on the task at the scene's time. */
async function act(part: Part, options: ShowOptions, changed: (row: Row) => void, left: AbortSignal) {
  const { scene, row, created } = part;
  if (scene.later === undefined || row.plan === undefined || created === undefined) return;
  await sleep(row.plan.at - Date.now(), undefined, { signal: left });
  // Shown before the call: the feed may report the change before the response arrives.
  row.plan = undefined;
  row.done = scene.later.done;
  changed(row);
  await scene.later.run(options.client, created.id);
}

export function hasEnded({ row, created }: Part): boolean {
  return created === undefined || (row.task !== undefined && endedStatuses.has(row.task.status));
}

/** Returns whether the task ended as its scene expects, or could not because of the service's configuration. */
export function isAsExpected({ scene, row: { task, refusal } }: Part): boolean {
  if (task === undefined) return refusal !== undefined;
  if (scene.ifRefused !== undefined && isAddressRefusal(task)) return true;
  return task.status === scene.ends && task.attempt >= (scene.attempts ?? 0);
}
