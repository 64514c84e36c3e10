/** Operations on many tasks at a time. Each task is handled separately: a failure of one does not affect the others. */
import { AppError, isNotFound, wrongState } from '../contract/errors.ts';
import { type ActionName, maxBulkTasks } from '../contract/bulk.ts';
import { matchesFilter, type TaskFilter } from '../contract/filter.ts';
import type { CreateTaskInput, TaskSummary } from '../contract/task.ts';
import { withinDeadline } from '../lib/deadline.ts';
import { createLimiter, type Limiter } from '../lib/limiter.ts';
import { loadTask } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import { cancelTask, type CommandResult, pauseTask, removeTask, resumeTask, runTaskNow } from './commands.ts';
import { countTasks } from './counts.ts';
import type { WriteContext } from './context.ts';
import { createTask } from './create.ts';
import type { LiveExecution } from './execution.ts';
import { answerMs } from '../resources/time-limit.ts';
import { tasksMatching, visibleTo } from './list.ts';
import { retryTask } from './retry.ts';
import { summarise } from './summary.ts';

/**
 * Maximum concurrent calls of all bulk requests together, so that Temporal has capacity for ordinary
 * requests.
 */
const maxCallsAtOnce = 8;

/** The outcome for one task: its value, or the error with which it was rejected. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

export interface ActionOutcome {
  readonly status: 200 | 202 | 204;
  readonly task?: TaskSummary;
  /** Owner of the deleted task. */
  readonly deletedOwner?: string;
}

export interface BulkService {
  /** @param requests functions that return the requests, or throw the errors that reject them, in order. */
  create(
    actor: Actor,
    requests: readonly (() => CreateTaskInput)[],
    idempotencyKey: string | undefined,
    onOutcome: OnOutcome<TaskSummary>,
  ): Promise<void>;
  /**
   * Returns the ids of the tasks that a filter matches.
   * @throws AppError validation, with their number, if there are more of them than one call can act on.
   */
  select(actor: Actor, filter: TaskFilter): Promise<string[]>;
  /** Returns how many of the named tasks exist. */
  countKnown(actor: Actor, ids: readonly string[]): Promise<number>;
  /**
   * @param filter the filter that selected the tasks. A task that no longer matches it when its turn comes is
   * left alone.
   */
  act(
    actor: Actor,
    action: ActionName,
    ids: readonly string[],
    filter: TaskFilter | undefined,
    onOutcome: OnOutcome<ActionOutcome>,
  ): Promise<void>;
}

/** Called with each outcome as soon as it is known. */
export type OnOutcome<T> = (outcome: Outcome<T>, index: number) => void;

export function createBulk(context: WriteContext): BulkService {
  const limiter = createLimiter({ concurrency: maxCallsAtOnce, queue: Number.POSITIVE_INFINITY });
  async function each<I, O>(
    items: readonly I[],
    work: (item: I, index: number) => Promise<O>,
    onOutcome: OnOutcome<O>,
  ): Promise<void> {
    let outage: AppError | undefined;
    const one = async (item: I, index: number): Promise<void> => {
      const known = await outcome(limiter, () => {
        // Once Temporal is unavailable, waiting for it again for each of a thousand tasks would take minutes.
        if (outage) throw outage;
        return withinDeadline(answerMs, () => work(item, index)).catch((error: unknown) => {
          // Known before the next task takes this one's place.
          if (isOutage(error)) outage = error;
          throw error;
        });
      });
      onOutcome(known, index);
    };
    await Promise.all(items.map(one));
  }
  return {
    create(actor, requests, idempotencyKey, onOutcome) {
      const createOne = async (request: () => CreateTaskInput, index: number): Promise<TaskSummary> => {
        const key = idempotencyKey === undefined ? undefined : `${idempotencyKey}\0${index}`;
        return summaryOf(await createTask(context, actor, request(), key));
      };
      return each(requests, createOne, onOutcome);
    },
    select: (actor, filter) => selectTasks(context, actor, filter),
    async countKnown(actor, ids) {
      let known = 0;
      const faults: unknown[] = [];
      const load = (id: string) => loadTask(context.store, actor, id);
      await each([...new Set(ids)], load, (one) => {
        if ('value' in one) known += 1;
        else if (!isNotFound(one.error)) faults.push(one.error);
      });
      if (faults.length > 0) throw faults[0];
      return known;
    },
    act: (actor, action, ids, filter, onOutcome) =>
      each(ids, (id) => actOn(context, actor, { action, id, filter }), onOutcome),
  };
}

function isOutage(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'temporal_unavailable';
}

async function outcome<T>(limiter: Limiter, work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await limiter.run(work) };
  } catch (error) {
    return { error };
  }
}

/** Drops the fields that may be large: a thousand summaries go into one response. */
function summaryOf({ task }: { task: TaskSummary & { payload?: unknown; attempts?: unknown } }): TaskSummary {
  const { payload: _payload, attempts: _attempts, ...summary } = task;
  return summary;
}

async function selectTasks(context: WriteContext, actor: Actor, filter: TaskFilter): Promise<string[]> {
  const ids = new Set<string>();
  for await (const { id } of tasksMatching(context, actor, filter)) {
    ids.add(id);
    if (ids.size > maxBulkTasks)
      throw tooMany((await countTasks(context.store, visibleTo(actor, filter))).total);
  }
  return [...ids];
}

function tooMany(total: number): AppError {
  const message = `The filter matches ${total} tasks; a request can act on at most ${maxBulkTasks}.`;
  return new AppError('validation', message, { errors: [{ pointer: '/filter', message }] });
}

/**
 * Acts on one task without waiting for the effect. Of a thousand effects, most are still in progress when the
 * response is sent.
 */
async function actOn(
  context: WriteContext,
  actor: Actor,
  { action, id, filter }: { action: ActionName; id: string; filter: TaskFilter | undefined },
): Promise<ActionOutcome> {
  const options = { waitMs: 0, check: filter && stillMatches(filter) };
  switch (action) {
    case 'cancel':
      return commanded(await cancelTask(context, actor, id, options));
    case 'pause':
      return commanded(await pauseTask(context, actor, id, options));
    case 'resume':
      return commanded(await resumeTask(context, actor, id, options));
    case 'run-now':
      return commanded(await runTaskNow(context, actor, id, options));
    case 'retry':
      return {
        status: 200,
        task: summaryOf(
          await retryTask(context, actor, id, {
            changes: {},
            receivedAt: Date.now(),
            check: options.check,
          }),
        ),
      };
    case 'delete':
      return { status: 204, deletedOwner: await removeTask(context, actor, id, options) };
  }
}

/** Rechecks a task when its turn comes: lists lag, and a thousand tasks take a while. */
function stillMatches(filter: TaskFilter): (execution: LiveExecution) => void {
  return (execution) => {
    if (matchesFilter(filter, summarise(execution, { now: Date.now() }))) return;
    throw wrongState('Task no longer matches the filter');
  };
}

function commanded(result: CommandResult): ActionOutcome {
  return { status: result.done ? 200 : 202, task: summaryOf(result) };
}
