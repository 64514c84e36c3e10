import type { TaskTypes } from '../../activities/types/index.ts';
import type { TaskFilter } from '../contract/filter.ts';
import { maxTimeLimitSeconds } from '../contract/limits.ts';
import type { CreateTaskInput, EditTaskInput } from '../contract/task.ts';
import { Lru } from '../lib/lru.ts';
import { loadTask } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import { createBulk } from './bulk.ts';
import { cancelTask, pauseTask, removeTask, resumeTask, runTaskNow } from './commands.ts';
import { createCounts } from './counts.ts';
import type { WriteContext } from './context.ts';
import { createTask } from './create.ts';
import { type Deletion, postDeletions } from './deletions.ts';
import { editTask } from './edit.ts';
import { stillAt } from './etag.ts';
import { changesSince, type FeedCursor, observeAs, observeTask } from './feed.ts';
import { type HistoryRequest, readHistory } from './history.ts';
import { type ListRequest, listTasks, tasksUnderWay, visibleTo } from './list.ts';
import { readPending } from './pending.ts';
import { readSummary, readTask } from './read.ts';
import { createOverview } from './overview.ts';
import { createQuota } from './quota.ts';
import { type RetryRequest, retryTask } from './retry.ts';
import { runsOf } from './search.ts';
import { createTaskStore } from './store.ts';
import { createWebUiPages } from './web-ui.ts';
import type { Temporal, WorkflowRunId } from '../temporal/temporal.ts';
import type { Telemetry } from '../metrics/telemetry.ts';

export interface TaskServiceOptions {
  readonly temporal: Temporal;
  readonly taskTypes: TaskTypes;
  /** Maximum number of an owner's unfinished tasks; 0 for no limit. */
  readonly maxOpenTasks: number;
  /** Maximum data that an owner can store at once, and again within 30 days, in MB; by default 0, for no limit. */
  readonly maxStoredMb?: number;
  /** Maximum number of runs of a task, by default 1,000: lists, counts and the history read all runs of a task. */
  readonly maxRuns?: number;
  /** Maximum time limit of a task, in seconds, by default the seven days of the API. */
  readonly maxTimeLimit?: number;
  /** Base URL of the Temporal Web UI, if there is one to link to. */
  readonly webUiUrl: string | undefined;
  readonly telemetry?: Telemetry;
}

/** Sees the tasks of all owners. */
const service: Actor = { id: '', name: 'taskbell', role: 'admin' };
/** The id of no task. */
const noTask = '00000000-0000-0000-0000-000000000000';
/** Maximum number of runs with an interrupted attempt whose start is kept, of about 200 bytes each. */
const maxFirstStarts = 1000;

export type TaskService = ReturnType<typeof createTaskService>;

/** Creates the service for all operations on tasks. Throws AppError. */
export function createTaskService({ temporal, ...options }: TaskServiceOptions) {
  const store = createTaskStore(temporal);
  const webUiPage = createWebUiPages(options.webUiUrl, temporal.namespace);
  const quota = createQuota(store, { maxStoredMb: 0, ...options });
  const firstStarts = new Lru<string>(maxFirstStarts);
  const { taskTypes, maxRuns = 1000, maxTimeLimit = maxTimeLimitSeconds } = options;
  const count = createCounts(store);
  const context: WriteContext = { store, taskTypes, quota, maxRuns, maxTimeLimit, webUiPage, firstStarts };

  return {
    /** Returns the time by Temporal's clock, which tasks have, in milliseconds since the epoch. */
    now: temporal.clock.now,
    /** Returns the time by which the clock of this process is ahead of it, in milliseconds, once it is known. */
    clockDifference: temporal.clock.difference,
    create: (actor: Actor, request: CreateTaskInput, idempotencyKey?: string) =>
      createTask(context, actor, request, idempotencyKey),
    read: async (actor: Actor, id: string) => readTask(context, actor, await loadTask(store, actor, id)),
    readSummary: (actor: Actor, id: string) => readSummary(context, actor, id),
    list: (actor: Actor, request: ListRequest) => listTasks(context, actor, request),
    /** @throws AppError forbidden */
    visibleTo,
    underWay: (actor: Actor, filter: TaskFilter) => tasksUnderWay(context, actor, filter),
    count,
    overview: createOverview(store),
    history: (actor: Actor, id: string, request: HistoryRequest) => readHistory(context, actor, id, request),
    edit: (actor: Actor, id: string, request: EditTaskInput, ifMatch?: string) =>
      editTask(context, actor, id, request, ifMatch),
    retry: (actor: Actor, id: string, request: RetryRequest) => retryTask(context, actor, id, request),
    cancel: (actor: Actor, id: string, ifMatch?: string) => cancelTask(context, actor, id, stillAt(ifMatch)),
    pause: (actor: Actor, id: string, ifMatch?: string) => pauseTask(context, actor, id, stillAt(ifMatch)),
    resume: (actor: Actor, id: string, ifMatch?: string) => resumeTask(context, actor, id, stillAt(ifMatch)),
    runNow: (actor: Actor, id: string, ifMatch?: string) => runTaskNow(context, actor, id, stillAt(ifMatch)),
    bulk: createBulk(context),
    remove: (actor: Actor, id: string, ifMatch?: string) => removeTask(context, actor, id, stillAt(ifMatch)),
    postDeletions: (deletions: readonly Deletion[]) => postDeletions(temporal, deletions),
    removeNotice: ({ id, runId }: Required<WorkflowRunId>) => store.remove(id, runId),
    changesSince: (cursor: FeedCursor) => changesSince(context, cursor),
    observeAs: (actor: Actor, id: string) => observeAs(context, actor, id),
    observe: (id: string, runId?: string) => observeTask(context, id, runId),
    workersSeen: temporal.workersSeen,
    /** Figures of all tasks, for metrics. */
    figures: {
      countByStatus: async () => (await count(service, {})).counts,
      pending: () => readPending(store),
      countWorkers: async () => (await temporal.listWorkers()).length,
      backlog: temporal.backlog,
    },
    /** Makes Temporal read its database. Throws if it cannot. */
    assertStoreAnswers: async (): Promise<void> => {
      await temporal.list(runsOf(noTask), 1);
    },
  };
}
