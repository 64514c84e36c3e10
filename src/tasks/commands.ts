/** What an owner may do to a task besides editing it. Each verb says what it did once the effect is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isNotFound } from '../contract/errors.ts';
import type { TaskCommand } from '../contract/workflow.ts';
import { type Actor, assertChangeable, loadTask } from './access.ts';
import { cancelReason } from './cancel-reason.ts';
import { effectTimeoutMs, waitFor } from './effect.ts';
import type { LiveExecution } from './execution.ts';
import { successorsOf, tellOver } from './predecessors.ts';
import { allRunsOf, type Reader, readTask, type TaskView, wrongState } from './read.ts';
import { summarise } from './snapshot.ts';

/** `done`: the effect is there. Otherwise it is on its way, and nothing can stop it any more. */
export interface CommandResult extends TaskView {
  readonly done: boolean;
}

export interface CommandOptions {
  /** For the effect, in milliseconds. */
  readonly waitMs?: number;
  /** Refuses a task that is not as the caller took it to be. */
  readonly check?: ((execution: LiveExecution) => void) | undefined;
}

export async function cancelTask(
  reader: Reader,
  actor: Actor,
  id: string,
  { waitMs = effectTimeoutMs, check }: CommandOptions = {},
): Promise<CommandResult> {
  const before = await loadTask(reader.store, actor, id);
  check?.(before);
  if (before.status === 'cancelled') return answer(reader, actor, before, true);
  const refused = wrongState('Task cannot be cancelled in its current state');
  if (before.status !== 'open') throw refused;
  if (!before.cancelRequested) await reader.store.cancel(id, before.runId, cancelReason(actor));
  const isOver = ({ status }: LiveExecution): boolean => status !== 'open';
  const after = await waitFor(reader.store, before, isOver, waitMs);
  // Its end was nearer than the cancellation.
  if (after.status !== 'open' && after.status !== 'cancelled') throw refused;
  return answer(reader, actor, after, after.status === 'cancelled');
}

export async function pauseTask(
  reader: Reader,
  actor: Actor,
  id: string,
  { waitMs = effectTimeoutMs, check }: CommandOptions = {},
): Promise<CommandResult> {
  return command(reader, actor, id, 'pause', {
    waitMs,
    check,
    refusal: 'Task can be paused only until its first attempt has begun',
    allowed: hasNotBegun,
    // An attempt that was waiting for a worker, or had begun a moment ago, is withdrawn first.
    effect: ({ status, storedStatus, pending }) => status === 'open' && storedStatus === 'PAUSED' && !pending,
  });
}

export async function resumeTask(
  reader: Reader,
  actor: Actor,
  id: string,
  { waitMs = effectTimeoutMs, check }: CommandOptions = {},
): Promise<CommandResult> {
  return command(reader, actor, id, 'resume', {
    waitMs,
    check,
    refusal: 'Task has started and cannot be resumed',
    allowed: hasNotBegun,
    effect: ({ storedStatus }) => storedStatus !== 'PAUSED',
  });
}

export async function runTaskNow(
  reader: Reader,
  actor: Actor,
  id: string,
  { waitMs = effectTimeoutMs, check }: CommandOptions = {},
): Promise<CommandResult> {
  return command(reader, actor, id, 'run-now', {
    waitMs,
    check,
    refusal: 'Task is running or has ended',
    allowed: (execution) => hasNotBegun(execution) || inBackoff(execution),
    effect: (execution) =>
      execution.status !== 'open' || !(waitsForTime(execution.storedStatus) || inBackoff(execution)),
  });
}

/** Removes a task with all its runs: an ended one, or one that has not begun, which then never runs. */
export async function removeTask(
  reader: Reader,
  actor: Actor,
  id: string,
  { waitMs = effectTimeoutMs, check }: CommandOptions = {},
): Promise<{ done: boolean; owner: string }> {
  const { store } = reader;
  const newest = await loadTask(store, actor, id);
  check?.(newest);
  if (newest.status === 'open' && !hasNotBegun(newest)) {
    throw wrongState('Task is running; cancel it before deleting it');
  }
  // The newest run goes last: should this stop half-way, the task is still there to be deleted again.
  const older = (await allRunsOf(store, id)).filter(({ runId }) => runId !== newest.runId);
  // One that has ended has told them itself.
  const successors = newest.status === 'open' ? await successorsOf(store, newest) : [];
  for (const { runId } of older) await removeRun(reader, id, runId);
  await removeRun(reader, id, newest.runId);
  await tellOver(store, successors, { id, ended: 'DELETED' });
  return { done: await isGone(reader, id, waitMs), owner: newest.owner };
}

async function removeRun({ store }: Reader, id: string, runId: string): Promise<void> {
  try {
    await store.remove(id, runId);
  } catch (error) {
    // Visibility may still list a run that is already gone, and two callers may delete the same task.
    if (!isNotFound(error)) throw error;
  }
}

interface CommandRules {
  /** For the effect. */
  readonly waitMs: number;
  readonly check: CommandOptions['check'];
  readonly refusal: string;
  readonly allowed: (execution: LiveExecution) => boolean;
  readonly effect: (execution: LiveExecution) => boolean;
}

async function command(
  reader: Reader,
  actor: Actor,
  id: string,
  name: TaskCommand['command'],
  rules: CommandRules,
): Promise<CommandResult> {
  const before = await loadTask(reader.store, actor, id);
  rules.check?.(before);
  if (!rules.allowed(before)) throw wrongState(rules.refusal);
  assertChangeable(before);
  // Sent even where the effect seems to be there: an earlier command may still wait for a worker.
  await send(reader, before, { command: name, by: actor.id, by_name: actor.name }, rules.refusal);
  const isThere = (now: LiveExecution): boolean => rules.effect(now) || now.status !== 'open';
  const after = await waitFor(reader.store, before, isThere, rules.waitMs);
  const done = rules.effect(after);
  // Its beginning, or its end, was nearer than the command.
  if (!done && !rules.allowed(after)) throw wrongState(rules.refusal);
  return answer(reader, actor, after, done);
}

async function send(
  { store }: Reader,
  { id, runId }: LiveExecution,
  command: TaskCommand,
  refusal: string,
): Promise<void> {
  try {
    await store.signal(id, runId, command);
  } catch (error) {
    // It has ended since it was looked at.
    throw isNotFound(error) ? wrongState(refusal) : error;
  }
}

async function answer(reader: Reader, actor: Actor, execution: LiveExecution, done: boolean) {
  return { ...(await readTask(reader, actor, execution)), done };
}

function hasNotBegun(execution: LiveExecution): boolean {
  const { status } = summarise(execution, { now: Date.now() });
  return status === 'SCHEDULED' || status === 'PENDING';
}

function inBackoff(execution: LiveExecution): boolean {
  return summarise(execution, { now: Date.now() }).waiting?.reason === 'backoff';
}

function waitsForTime(storedStatus: LiveExecution['storedStatus']): boolean {
  return storedStatus !== 'PENDING' && storedStatus !== 'RUNNING';
}

/** Of several runs, the server drops one after the other. */
async function isGone({ store }: Reader, id: string, waitMs: number): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      await store.describe(id);
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
    if (Date.now() >= deadline) return false;
    await sleep(50);
  }
}
