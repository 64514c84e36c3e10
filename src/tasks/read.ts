import { AppError } from '../contract/errors.ts';
import type { Attempt, Task, TaskSummary } from '../contract/task.ts';
import { loadTask } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import { attemptsIn, mayHaveAttempts, unreportedAttempt } from './attempts.ts';
import type { Ending } from './ending.ts';
import { etagOf } from './etag.ts';
import type { Execution, LiveExecution } from './execution.ts';
import { runsOf } from './search.ts';
import { summarise } from './snapshot.ts';
import { currentInput } from './spec.ts';
import type { TaskStore } from './store.ts';

/** Rows per page. A row takes up to 5 kB, and the size of a gRPC message is limited. */
const rowsPerPage = 200;

export interface ServiceContext {
  readonly store: TaskStore;
  /** Returns the URL of a run's page in the Temporal Web UI, for callers who may see every tenant. */
  readonly webUiLink: (id: string, runId: string) => string | undefined;
}

/** A task and its ETag. A later edit sends the ETag back to name the state that its author has seen. */
export interface TaskView {
  readonly task: Task;
  readonly etag: string;
}

/** Reads one task without its payload and attempts. */
export async function readSummary(reader: ServiceContext, actor: Actor, id: string): Promise<TaskSummary> {
  const execution = await loadTask(reader.store, actor, id);
  return summarise(execution, await extras(reader, actor, execution));
}

/** Reads one task with its payload and attempts. Needs no worker. */
export async function readTask(
  reader: ServiceContext,
  actor: Actor,
  execution: LiveExecution,
): Promise<TaskView> {
  const [input, known, attempts] = await Promise.all([
    currentInput(reader.store, execution),
    extras(reader, actor, execution),
    attemptsSoFar(reader.store, execution),
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

async function extras(reader: ServiceContext, actor: Actor, execution: Execution) {
  const ending = await endingOf(reader.store, execution);
  return { now: Date.now(), ending, webUiUrl: webUiUrl(reader, actor, execution) };
}

/** Returns the link for admins only, since the Temporal Web UI shows every tenant. */
export function webUiUrl(
  { webUiLink }: ServiceContext,
  actor: Actor,
  { id, runId }: Pick<Execution, 'id' | 'runId'>,
) {
  return actor.role === 'admin' ? webUiLink(id, runId) : undefined;
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

export function allRunsOf(store: TaskStore, id: string): Promise<Execution[]> {
  return allRows(store, runsOf(id));
}

export async function allRows(
  store: Pick<TaskStore, 'list'>,
  query: string,
  pageSize = rowsPerPage,
): Promise<Execution[]> {
  const rows: Execution[] = [];
  let token: Uint8Array | undefined;
  do {
    const page = await store.list(query, pageSize, token);
    rows.push(...page.executions);
    token = page.nextPageToken;
  } while (token);
  return rows;
}

export function wrongState(message: string): AppError {
  return new AppError('wrong_state', message);
}
