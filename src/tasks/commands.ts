/**
 * Commands on a task, apart from editing it. Each waits for its effect, up to a limit, and returns the task's
 * latest state.
 */
import { AppError, isNotFound, wrongState } from '../contract/errors.ts';
import type { TaskCommand } from '../contract/workflow.ts';
import { assertChangeable, loadTask, taskEffect } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import { cancelReason } from './cancel-reason.ts';
import type { ServiceContext } from './context.ts';
import { rememberKey } from './deleted-keys.ts';
import { effectTimeoutMs } from '../resources/effect.ts';
import type { LiveExecution } from './execution.ts';
import { dependentsOf, notifyDependents } from './predecessors.ts';
import { readTask, type TaskView } from './read.ts';
import { type Rejected, rejection } from './rejection.ts';
import { allRunsOf } from './rows.ts';
import { summarise } from './summary.ts';

/** `done`: the effect is visible. Otherwise it is still in progress, and can no longer be stopped. */
export interface CommandResult extends TaskView {
  readonly done: boolean;
}

export interface CommandOptions {
  /** Maximum time to wait for the effect, in milliseconds. */
  readonly waitMs?: number;
  /** Throws if the task is not in the state that the caller expects. */
  readonly check?: ((execution: LiveExecution) => void) | undefined;
}

export async function cancelTask(
  context: ServiceContext,
  actor: Actor,
  id: string,
  { waitMs = effectTimeoutMs, check }: CommandOptions = {},
): Promise<CommandResult> {
  const before = await loadTask(context.store, actor, id);
  check?.(before);
  if (before.status === 'cancelled') return answer(context, actor, before, true);
  if (before.status !== 'open') throw rejection(before, 'cancelled');
  if (!before.cancelRequested) await context.store.cancel(id, before.runId, cancelReason(actor));
  const hasEnded = ({ status }: LiveExecution): boolean => status !== 'open';
  const after = await taskEffect(context.store, before, hasEnded, waitMs);
  // The task ended before the cancellation reached it.
  if (after.status !== 'open' && after.status !== 'cancelled') throw rejection(after, 'cancelled');
  return answer(context, actor, after, after.status === 'cancelled');
}

export async function pauseTask(
  context: ServiceContext,
  actor: Actor,
  id: string,
  { waitMs = effectTimeoutMs, check }: CommandOptions = {},
): Promise<CommandResult> {
  return command(context, actor, id, 'pause', {
    waitMs,
    check,
    rejected: 'paused',
    allowed: hasNotStarted,
    // An attempt that waits for a worker is withdrawn first.
    effect: ({ status, storedStatus, pending }) => status === 'open' && storedStatus === 'PAUSED' && !pending,
    // The workflow rejects a pause for the same reason.
    isTooLate: ({ pending }) => pending?.started ?? false,
  });
}

export async function resumeTask(
  context: ServiceContext,
  actor: Actor,
  id: string,
  { waitMs = effectTimeoutMs, check }: CommandOptions = {},
): Promise<CommandResult> {
  return command(context, actor, id, 'resume', {
    waitMs,
    check,
    rejected: 'resumed',
    allowed: hasNotStarted,
    effect: ({ storedStatus }) => storedStatus !== 'PAUSED',
  });
}

export async function runTaskNow(
  context: ServiceContext,
  actor: Actor,
  id: string,
  { waitMs = effectTimeoutMs, check }: CommandOptions = {},
): Promise<CommandResult> {
  return command(context, actor, id, 'run-now', {
    waitMs,
    check,
    rejected: 'run now',
    allowed: (execution) => hasNotStarted(execution) || inBackoff(execution),
    effect: (execution) => execution.status !== 'open' || isSetToRun(execution),
  });
}

/**
 * Deletes a task with all its runs. It must have ended, or not have started; then it never runs. This process no longer
 * finds it; others may, for some seconds.
 * @returns its owner.
 */
export async function removeTask(
  context: ServiceContext,
  actor: Actor,
  id: string,
  { waitMs = effectTimeoutMs, check }: CommandOptions = {},
): Promise<string> {
  const { store } = context;
  const newest = await loadTask(store, actor, id);
  check?.(newest);
  // A run that is stuck may never end by itself, however often it is cancelled.
  if (newest.status === 'open' && !newest.isStuck && !hasNotStarted(newest)) {
    throw running();
  }
  // Before anything is kept or removed: it may turn out that the task has started.
  if (newest.status === 'open' && !newest.isStuck) await keepFromStarting(context, actor, newest, waitMs);
  await rememberKey(store, newest);
  // The newest run is deleted last: if this stops halfway, the task still exists and can be deleted again.
  const older = (await allRunsOf(store, id)).filter(({ runId }) => runId !== newest.runId);
  // An ended task has notified its dependents itself.
  const dependents = newest.status === 'open' ? await dependentsOf(store, newest) : [];
  for (const { runId } of older) await store.remove(id, runId);
  await store.remove(id, newest.runId);
  await notifyDependents(store, dependents, { id, ended: 'DELETED' });
  return newest.owner;
}

/** Time before a task is due within which it could start while it is being deleted, in milliseconds. */
const aboutToStartMs = 60_000;

/**
 * Pauses a task that could start before it is deleted: a run that is deleted leaves no trace of an attempt. Without a
 * worker the pause stays without effect, but then nothing starts; so it does while a worker has the workflow task.
 * @throws AppError wrong_state if the task has started.
 */
async function keepFromStarting(
  context: ServiceContext,
  actor: Actor,
  execution: LiveExecution,
  waitMs: number,
): Promise<void> {
  const { storedStatus, scheduledAt, pending } = execution;
  if (storedStatus === 'PAUSED' && !pending) return;
  if (scheduledAt - context.store.temporal.clock.now() > aboutToStartMs) return;
  const { store } = context;
  // A workflow task may have an attempt on the quick lane, of which nothing is known until it ends.
  const isIdle = ({ status, isWorking }: LiveExecution): boolean => status !== 'open' || !isWorking;
  const before = await taskEffect(store, execution, isIdle, waitMs);
  if (before.status !== 'open') return;
  if (!isIdle(before)) throw running();
  try {
    const { done } = await pauseTask(context, actor, execution.id, { waitMs });
    if (done) return;
  } catch (error) {
    throw error instanceof AppError && error.code === 'wrong_state' ? running() : error;
  }
  const now = await store.describe(execution.id, execution.runId);
  if (!now || isIdle(now)) return;
  // It has started in the meantime, and the pause would take effect when the attempt ends.
  await send(context, now, { command: 'resume', by: actor.id, by_name: actor.name });
  throw running();
}

function running(): AppError {
  return wrongState('Task is running; cancel it before deleting it');
}

interface CommandRules {
  /** Maximum time to wait for the effect, in milliseconds. */
  readonly waitMs: number;
  readonly check: CommandOptions['check'];
  readonly rejected: Rejected;
  readonly allowed: (execution: LiveExecution) => boolean;
  readonly effect: (execution: LiveExecution) => boolean;
  /** Returns whether the effect can no longer come. */
  readonly isTooLate?: (execution: LiveExecution) => boolean;
}

async function command(
  context: ServiceContext,
  actor: Actor,
  id: string,
  name: TaskCommand['command'],
  rules: CommandRules,
): Promise<CommandResult> {
  const before = await loadTask(context.store, actor, id);
  rules.check?.(before);
  if (!rules.allowed(before)) throw rejection(before, rules.rejected);
  assertChangeable(before);
  // Sent even if the effect seems to be there already: an earlier command may still be waiting for a worker.
  await send(context, before, { command: name, by: actor.id, by_name: actor.name });
  const { isTooLate = () => false } = rules;
  // An earlier command has the same effect, perhaps, and one after that undoes it before this one is processed.
  const isDone = (now: LiveExecution): boolean =>
    rules.effect(now) && (now.status !== 'open' || !now.isBehind);
  const isThere = (now: LiveExecution): boolean => isDone(now) || isTooLate(now) || now.status !== 'open';
  const after = await taskEffect(context.store, before, isThere, rules.waitMs);
  const done = isDone(after);
  // The task started, or ended, before the command reached it.
  if (!rules.effect(after) && (isTooLate(after) || !rules.allowed(after)))
    throw rejection(after, rules.rejected);
  return answer(context, actor, after, done);
}

async function send(
  { store }: ServiceContext,
  execution: LiveExecution,
  command: TaskCommand,
): Promise<void> {
  try {
    await store.command(execution, command);
  } catch (error) {
    // The task has ended since it was loaded.
    throw isNotFound(error) ? wrongState('Task has ended in the meantime') : error;
  }
}

async function answer(context: ServiceContext, actor: Actor, execution: LiveExecution, done: boolean) {
  return { ...(await readTask(context, actor, execution)), done };
}

function hasNotStarted(execution: LiveExecution): boolean {
  const { status } = summarise(execution, { now: Date.now() });
  return status === 'SCHEDULED' || status === 'PENDING';
}

function inBackoff(execution: LiveExecution): boolean {
  return summarise(execution, { now: Date.now() }).waiting?.reason === 'backoff';
}

function isSetToRun(execution: LiveExecution): boolean {
  switch (execution.storedStatus) {
    // It goes on waiting for its predecessors. That its time no longer counts is known only to the workflow.
    case 'AFTER':
      return true;
    case 'SCHEDULED':
    case 'PAUSED':
      return false;
    case 'PENDING':
    case 'RUNNING':
      return !inBackoff(execution);
  }
}
