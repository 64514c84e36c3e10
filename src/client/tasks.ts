/** What can be done with tasks, as methods. All throw TaskbellError, and the reason of a signal that is aborted. */
import { paged, pathWith } from './paths.ts';
import { randomKey } from './random-key.ts';
import type { RequestOptions, Send } from './transport.ts';
import type {
  ActionName,
  ActionResult,
  BulkResult,
  HistoryEntry,
  NewTask,
  Task,
  TaskChanges,
  TaskCounts,
  TaskFilter,
  TaskStatusView,
  TaskSummary,
} from './types.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface CreateOptions extends CallOptions {
  /** The same key makes the same task. One is made up for each call, so that its own further tries make one task. */
  readonly idempotencyKey?: string;
}

export interface EditOptions extends CallOptions {
  /** Only if the task still is as this one, which was read with `get`, or as this ETag says. */
  readonly ifMatch?: string;
}

export interface RetryOptions extends CreateOptions, EditOptions {}

/** By ids, or all that a filter matches: up to 1,000. */
export type Selection = { readonly ids: readonly string[] } | { readonly filter: TaskFilter };

const all = '/api/tasks/';
const one = (id: string, verb = ''): string => `${all}${encodeURIComponent(id)}/${verb && `${verb}/`}`;

export function taskMethods(send: Send) {
  const command = async (id: string, verb: string, { signal }: CallOptions = {}): Promise<Task> => {
    // To resume or run a task twice may be to run it twice.
    const repeatable = verb === 'cancel' || verb === 'pause';
    return (await send<Task>('POST', one(id, verb), { signal, repeatable })).body;
  };

  return {
    async create(task: NewTask, options: CreateOptions = {}): Promise<Task> {
      return (await send<Task>('POST', all, keyed(task, options))).body;
    },

    /** Up to 1,000 tasks. One that is refused keeps none of the others away: each has its result, in order. */
    async createMany(tasks: readonly NewTask[], options: CreateOptions = {}): Promise<BulkResult[]> {
      const { body } = await send<{ results: BulkResult[] }>(
        'POST',
        `${all}bulk/`,
        keyed({ tasks }, options),
      );
      return body.results;
    },

    async get(id: string, { signal }: CallOptions = {}): Promise<Task> {
      return (await send<Task>('GET', one(id), { signal })).body;
    },

    /** A task together with the tag by which a later change can say what it has seen (`ifMatch`). */
    async getWithTag(id: string, { signal }: CallOptions = {}): Promise<{ task: Task; etag: string }> {
      const { body, headers } = await send<Task>('GET', one(id), { signal });
      return { task: body, etag: headers.get('ETag') ?? '' };
    },

    async status(id: string, { signal }: CallOptions = {}): Promise<TaskStatusView> {
      return (await send<TaskStatusView>('GET', one(id, 'status'), { signal })).body;
    },

    /** All that match, unfinished ones first; page after page is asked for as they are taken. */
    list(filter: TaskFilter = {}, { signal, pageSize = 100 }: CallOptions & { pageSize?: number } = {}) {
      return paged<TaskSummary>(send, pathWith(all, { ...filter, limit: pageSize }), signal);
    },

    async counts(filter: TaskFilter = {}, { signal }: CallOptions = {}): Promise<TaskCounts> {
      return (await send<TaskCounts>('GET', pathWith(`${all}counts/`, filter), { signal })).body;
    },

    /** What happened to a task, oldest first. */
    history(id: string, { signal, pageSize = 100 }: CallOptions & { pageSize?: number } = {}) {
      return paged<HistoryEntry>(send, pathWith(one(id, 'history'), { limit: pageSize }), signal);
    },

    /** Changes a task that has not started. */
    async edit(id: string, changes: TaskChanges, { signal, ifMatch }: EditOptions = {}): Promise<Task> {
      const headers = ifMatch === undefined ? {} : { 'If-Match': ifMatch };
      // Sent again after all, an edit that was made would find another version than the one it expects.
      const repeatable = ifMatch === undefined;
      return (await send<Task>('PATCH', one(id), { body: changes, headers, signal, repeatable })).body;
    },

    /** A new run of an ended task, with what the changes make of it. */
    async retry(id: string, changes: TaskChanges = {}, options: RetryOptions = {}): Promise<Task> {
      const { ifMatch } = options;
      const request = keyed(changes, options);
      const headers = { ...request.headers, ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }) };
      return (await send<Task>('POST', one(id, 'retry'), { ...request, headers })).body;
    },

    cancel: (id: string, options?: CallOptions) => command(id, 'cancel', options),
    pause: (id: string, options?: CallOptions) => command(id, 'pause', options),
    resume: (id: string, options?: CallOptions) => command(id, 'resume', options),
    runNow: (id: string, options?: CallOptions) => command(id, 'run-now', options),

    /** Not sent again after a failure: a second one would find nothing, and could not say why. */
    async remove(id: string, { signal }: CallOptions = {}): Promise<void> {
      await send('DELETE', one(id), { signal });
    },

    /** Does one thing to many tasks; each has its result. */
    async act(
      action: ActionName,
      selection: Selection,
      { signal }: CallOptions = {},
    ): Promise<ActionResult[]> {
      const options: RequestOptions = { body: { action, ...selection }, signal };
      return (await send<{ results: ActionResult[] }>('POST', `${all}actions/`, options)).body.results;
    },

    /** How many tasks `act` would be about. */
    async countFor(action: ActionName, selection: Selection, { signal }: CallOptions = {}): Promise<number> {
      const options = { body: { action, ...selection, dry_run: true }, signal, repeatable: true };
      return (await send<{ matched: number }>('POST', `${all}actions/`, options)).body.matched;
    },
  };
}

function keyed(body: unknown, { signal, idempotencyKey }: CreateOptions) {
  const headers = { 'Idempotency-Key': idempotencyKey ?? randomKey() };
  return { body, headers, signal, repeatable: true };
}
