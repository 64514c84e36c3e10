/** Lists of tasks, from visibility: they may lag by two seconds. */
import { AppError } from '../contract/errors.ts';
import type { TaskFilter } from '../contract/filter.ts';
import type { TaskSummary } from '../contract/task.ts';
import type { Actor } from '../resources/actor.ts';
import type { ServiceContext } from './context.ts';
import type { Execution } from './execution.ts';
import { allRows } from './rows.ts';
import { replacementsOf, runsMatching } from './search.ts';
import { summarise } from './summary.ts';
import type { TaskStore } from './store.ts';
import { webUiLink } from './web-ui.ts';

const underWay = ['PENDING', 'RUNNING'] as const;
const rowsPerPage = 100;
/**
 * Maximum rows per call, a limit of the server: one call is enough even if each task of a page was retried
 * ten times.
 */
const maxRows = 1000;

export interface ListRequest {
  readonly filter: TaskFilter;
  readonly limit: number;
  readonly pageToken: Uint8Array | undefined;
}

export interface TaskPage {
  readonly tasks: readonly TaskSummary[];
  readonly nextPageToken: Uint8Array | undefined;
}

/** Lists unfinished tasks, newest start first; then ended ones, latest end first. Takes at most two calls. */
export async function listTasks(
  context: ServiceContext,
  actor: Actor,
  request: ListRequest,
): Promise<TaskPage> {
  const { store } = context;
  const filter = visibleTo(actor, request.filter);
  const now = Date.now();
  const page = await store.list(runsMatching(filter, now), request.limit, request.pageToken);
  const rows = page.executions.filter((row) => filter.owner === undefined || row.owner === filter.owner);
  const superseded = await supersededRuns(store, rows);
  const tasks = rows
    .filter((row) => !superseded.has(row.runId))
    .map((row) => summarise(row, { now, webUiLink: webUiLink(context, actor, row) }));
  return { tasks, nextPageToken: page.nextPageToken };
}

/** Yields all tasks of a list, page by page. A task that changes in the meantime may come twice. */
export async function* tasksMatching(
  context: ServiceContext,
  actor: Actor,
  filter: TaskFilter,
): AsyncGenerator<TaskSummary> {
  let pageToken: Uint8Array | undefined;
  do {
    const page = await listTasks(context, actor, { filter, limit: rowsPerPage, pageToken });
    yield* page.tasks;
    pageToken = page.nextPageToken;
  } while (pageToken);
}

/** Maximum number of tasks found. Any others are noticed at their next change. */
const maxUnderWay = 1000;

/**
 * Returns the tasks that are running or about to run: they make progress, although lists may not show a
 * change for a long time.
 */
export async function tasksUnderWay(
  context: ServiceContext,
  actor: Actor,
  filter: TaskFilter,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of tasksMatching(context, actor, { ...filter, status: underWay })) {
    ids.push(id);
    if (ids.length === maxUnderWay) break;
  }
  return ids;
}

/** Restricts a filter to what the actor may see. @throws AppError forbidden if a user names another owner. */
export function visibleTo(actor: Actor, filter: TaskFilter): TaskFilter {
  if (actor.role === 'admin') return filter;
  if (filter.owner !== undefined && filter.owner !== actor.id) {
    throw new AppError('forbidden', 'Only admins see the tasks of other owners.');
  }
  return { ...filter, owner: actor.id };
}

/**
 * Returns the ids of the runs that a retry has replaced. Visibility lists an ended run for as long as it is kept, even
 * after a retry has started a new one under the same task id.
 */
export async function supersededRuns(
  store: TaskStore,
  rows: readonly Execution[],
): Promise<ReadonlySet<string>> {
  const ended = rows.filter((row) => row.status !== 'open');
  if (ended.length === 0) return new Set();
  const ids = [...new Set(ended.map((row) => row.id))];
  const replacements = await allRows(store, replacementsOf(ids), maxRows);
  const newestVersion = new Map<string, number>();
  for (const { id, version } of replacements) {
    newestVersion.set(id, Math.max(version, newestVersion.get(id) ?? 0));
  }
  // Versions continue across runs, so the newest run of a task has the greatest one.
  return new Set(
    ended.filter((row) => row.version < (newestVersion.get(row.id) ?? 0)).map((row) => row.runId),
  );
}
