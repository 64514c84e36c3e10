import type { Attempt, Task, TaskSummary } from '../contract/task.ts';
import { loadTask } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import { attemptsIn, mayHaveAttempts, unreportedAttempt } from './attempts.ts';
import type { ServiceContext } from './context.ts';
import type { Ending } from './ending.ts';
import { interruptedStart } from './first-start.ts';
import { etagOf } from './etag.ts';
import type { Execution, LiveExecution } from './execution.ts';
import { summarise } from './summary.ts';
import { currentInput } from './spec.ts';
import type { TaskStore } from './store.ts';
import { webUiLink } from './web-ui.ts';

/** A task and its ETag. A later edit sends the ETag back to name the state that its author has seen. */
export interface TaskView {
  readonly task: Task;
  readonly etag: string;
}

/** Reads one task without its payload and attempts. */
export async function readSummary(context: ServiceContext, actor: Actor, id: string): Promise<TaskSummary> {
  const execution = await loadTask(context.store, actor, id);
  return summarise(execution, await extras(context, actor, execution));
}

/** Reads one task with its payload and attempts. Needs no worker. */
export async function readTask(
  context: ServiceContext,
  actor: Actor,
  execution: LiveExecution,
): Promise<TaskView> {
  const [input, known, attempts] = await Promise.all([
    currentInput(context.store, execution),
    extras(context, actor, execution),
    attemptsSoFar(context.store, execution),
  ]);
  const reported = known.ending?.attempts;
  const summary = summarise(execution, known);
  const task: Task = {
    ...summary,
    description: input?.description ?? summary.description,
    payload: input?.payload ?? null,
    attempts: reported?.length ? reported : attempts,
  };
  return { task, etag: etagOf(execution.runId, task) };
}

async function extras(context: ServiceContext, actor: Actor, execution: LiveExecution) {
  const [ending, firstStart] = await Promise.all([
    endingOf(context.store, execution),
    interruptedStart(context, execution),
  ]);
  return { now: Date.now(), ending, firstStart, webUiLink: webUiLink(context, actor, execution) };
}

export async function endingOf(store: TaskStore, execution: Execution): Promise<Ending | undefined> {
  return execution.status === 'open' ? undefined : store.ending(execution.id, execution.runId);
}

async function attemptsSoFar(store: TaskStore, execution: LiveExecution): Promise<Attempt[]> {
  const { id, runId } = execution;
  const ended = mayHaveAttempts(execution) ? await attemptsIn(store.eventsBackwards(id, runId)) : [];
  const last = unreportedAttempt(execution, ended);
  return last ? [...ended, last] : ended;
}
