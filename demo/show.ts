import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type Task, TaskbellError } from '../src/client/index.ts';
import { endedStatuses } from '../src/contract/status.ts';
import type { Output } from '../src/lib/command.ts';
import { unlessAborted } from '../src/lib/wait.ts';
import { openScreen } from './screen.ts';
import type { Row } from './table.ts';
import { isAddressRejection, type Scene } from './tasks.ts';

/** A scene in progress. */
export interface Part {
  readonly scene: Scene;
  readonly row: Row;
  /** Response to the creation; undefined if rejected. The feed's messages lack the links for admins. */
  readonly created: Task | undefined;
}

interface ScheduleOptions {
  readonly scenes: readonly Scene[];
  readonly client: Client;
  /** Receives the parts one by one, so that a caller that gives up knows what to tidy up. */
  readonly parts: Part[];
  readonly stop: AbortSignal;
}

/** Creates the tasks. A task that is rejected for its target is shown as such, not thrown as an error. */
export async function schedule({ scenes, client, parts, stop }: ScheduleOptions): Promise<void> {
  for (const scene of scenes) {
    // Not raced against `stop`: a task must not be created without its part being recorded for tidying up.
    stop.throwIfAborted();
    const { name } = scene.task;
    try {
      const task = await client.tasks.create(scene.task);
      const plan = scene.later && { what: scene.later.what, at: Date.now() + scene.later.afterMs };
      parts.push({ scene, row: { name, task, plan }, created: task });
    } catch (error) {
      if (scene.ifRejected === undefined || !isUrlRejection(error)) throw error;
      if (scene.ifRejected.instead)
        await schedule({ scenes: [scene.ifRejected.instead], client, parts, stop });
      else
        parts.push({
          scene,
          row: { name, task: undefined, rejection: 'the service does not allow calls to loopback' },
          created: undefined,
        });
    }
  }
}

function isUrlRejection(error: unknown): boolean {
  if (!(error instanceof TaskbellError) || error.status !== 400) return false;
  return error.errors.some(({ pointer }) => pointer === '/payload/url');
}

interface ShowOptions {
  readonly client: Client;
  readonly output: Output;
  readonly parts: readonly Part[];
  readonly deadlineMs: number;
  readonly stop: AbortSignal;
}

/**
 * Shows the tasks until all have ended or the deadline has passed.
 * @throws the error of a feed or a command, or the reason of `stop`.
 */
export async function show({ client, output, parts, deadlineMs, stop }: ShowOptions): Promise<void> {
  const screen = openScreen(
    output,
    parts.map(({ row }) => row),
  );
  const leave = new AbortController();
  const { signal } = leave;
  const stage: Stage = { client, changed: screen.update, signal };
  try {
    const ended = Promise.all(parts.flatMap((part) => [watch(part, stage), act(part, stage)]));
    const tooLate = sleep(deadlineMs, undefined, { signal });
    await unlessAborted(Promise.race([ended, tooLate]), stop);
  } finally {
    leave.abort();
    screen.close();
  }
}

interface Stage {
  readonly client: Client;
  readonly changed: (row: Row) => void;
  /** Aborted when nothing is to be shown any more. */
  readonly signal: AbortSignal;
}

/** Shows the states of a task until it has ended. */
async function watch(part: Part, { client, changed, signal }: Stage): Promise<void> {
  const { row, created } = part;
  if (created === undefined) return;
  for await (const task of client.tasks.watch(created.id, { until: 'ended', signal })) {
    row.task = task;
    changed(row);
  }
  if (hasEnded(part)) return;
  const message = `The feed of task ${created.id} ended: the task was deleted.`;
  throw new TaskbellError(message, { status: 404, code: 'not_found' });
}

/** Carries out the scene's command on the task at the scene's time. */
async function act({ scene, row, created }: Part, { client, changed, signal }: Stage): Promise<void> {
  if (scene.later === undefined || row.plan === undefined || created === undefined) return;
  await sleep(row.plan.at - Date.now(), undefined, { signal });
  // Shown before the call: the feed may report the change before the response arrives.
  row.plan = undefined;
  row.done = scene.later.done;
  changed(row);
  await scene.later.run(client, created.id);
}

export function hasEnded({ row, created }: Part): boolean {
  return created === undefined || (row.task !== undefined && endedStatuses.has(row.task.status));
}

/** Returns whether the task ended as its scene expects, or could not because of the service's configuration. */
export function isAsExpected({ scene, row: { task, rejection } }: Part): boolean {
  if (task === undefined) return rejection !== undefined;
  if (scene.ifRejected !== undefined && isAddressRejection(task)) return true;
  return task.status === scene.ends && task.attempt >= (scene.attempts ?? 0);
}
