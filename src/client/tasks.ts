/** Methods for what can be done with tasks. All throw TaskbellError, or the reason of an aborted signal. */
import { paged, pathWith } from './paths.ts';
import { randomKey } from './random-key.ts';
import type { RequestOptions, Send } from './send.ts';
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
  /** Requests with the same key have one effect. Defaults to a random key per call, so that it can be retried. */
  readonly idempotencyKey?: string;
}

export interface EditOptions extends CallOptions {
  /** ETag from `getWithTag`. The request is rejected if the task has changed since. */
  readonly ifMatch?: string;
}

export interface RetryOptions extends CreateOptions, EditOptions {}

/** Selects tasks by id, or all that match a filter; at most 1,000. An empty filter needs `all`, except to count. */
export type Selection =
  | { readonly ids: readonly string[] }
  | { readonly filter: TaskFilter; readonly all?: boolean };

const all = '/api/tasks/';
const one = (id: string, verb = ''): string => `${all}${encodeURIComponent(id)}/${verb && `${verb}/`}`;

export function taskMethods(send: Send) {
  const command = async (id: string, verb: string, options: EditOptions = {}): Promise<Task> => {
    const { signal, ifMatch } = options;
    // Repeating a resume or run-now could run the task twice. With `ifMatch`, see `edit`.
    const repeatable = ifMatch === undefined && (verb === 'cancel' || verb === 'pause');
    const request = { headers: matching(options), signal, repeatable };
    return (await send<Task>('POST', one(id, verb), request)).body;
  };

  return {
    async create(task: NewTask, options: CreateOptions = {}): Promise<Task> {
      return (await send<Task>('POST', all, keyed(task, options))).body;
    },

    /** Creates up to 1,000 tasks. A rejected one does not affect the others: each has its result, in order. */
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

    /** Returns a task and its ETag, which a later change can pass as `ifMatch`. */
    async getWithTag(id: string, { signal }: CallOptions = {}): Promise<{ task: Task; etag: string }> {
      const { body, headers } = await send<Task>('GET', one(id), { signal });
      return { task: body, etag: headers.get('ETag') ?? '' };
    },

    async status(id: string, { signal }: CallOptions = {}): Promise<TaskStatusView> {
      return (await send<TaskStatusView>('GET', one(id, 'status'), { signal })).body;
    },

    /** Yields all tasks that match, unfinished ones first. Requests pages as they are needed. */
    list(filter: TaskFilter = {}, { signal, pageSize = 100 }: CallOptions & { pageSize?: number } = {}) {
      return paged<TaskSummary>(send, pathWith(all, { ...filter, limit: pageSize }), signal);
    },

    async counts(filter: TaskFilter = {}, { signal }: CallOptions = {}): Promise<TaskCounts> {
      return (await send<TaskCounts>('GET', pathWith(`${all}counts/`, filter), { signal })).body;
    },

    /** Yields what happened to a task, oldest first. */
    history(id: string, { signal, pageSize = 100 }: CallOptions & { pageSize?: number } = {}) {
      return paged<HistoryEntry>(send, pathWith(one(id, 'history'), { limit: pageSize }), signal);
    },

    /** Changes a task that has not started. */
    async edit(id: string, changes: TaskChanges, { signal, ifMatch }: EditOptions = {}): Promise<Task> {
      const headers = matching({ ifMatch });
      // With `ifMatch`, a repeated edit would fail if the first one was made: it would find another version.
      const repeatable = ifMatch === undefined;
      return (await send<Task>('PATCH', one(id), { body: changes, headers, signal, repeatable })).body;
    },

    /** Starts a new run of an ended task, with the given changes. */
    async retry(id: string, changes: TaskChanges = {}, options: RetryOptions = {}): Promise<Task> {
      const request = keyed(changes, options);
      const headers = { ...request.headers, ...matching(options) };
      return (await send<Task>('POST', one(id, 'retry'), { ...request, headers })).body;
    },

    cancel: (id: string, options?: EditOptions) => command(id, 'cancel', options),
    pause: (id: string, options?: EditOptions) => command(id, 'pause', options),
    resume: (id: string, options?: EditOptions) => command(id, 'resume', options),
    runNow: (id: string, options?: EditOptions) => command(id, 'run-now', options),

    /** Deletes a task. Not repeated after a failure: a second request would find nothing, and could not say why. */
    async remove(id: string, options: EditOptions = {}): Promise<void> {
      await send('DELETE', one(id), { headers: matching(options), signal: options.signal });
    },

    /** Applies one action to many tasks. Each has its result. */
    async act(
      action: ActionName,
      selection: Selection,
      { signal }: CallOptions = {},
    ): Promise<ActionResult[]> {
      const options: RequestOptions = { body: { action, ...selection }, signal };
      return (await send<{ results: ActionResult[] }>('POST', `${all}actions/`, options)).body.results;
    },

    /** Returns the number of tasks that `act` would be tried on. */
    async countFor(action: ActionName, selection: Selection, { signal }: CallOptions = {}): Promise<number> {
      const options = { body: { action, ...selection, dry_run: true }, signal, repeatable: true };
      return (await send<{ matched: number }>('POST', `${all}actions/`, options)).body.matched;
    },
  };
}

function matching({ ifMatch }: { ifMatch?: string | undefined }): Record<string, string> {
  return ifMatch === undefined ? {} : { 'If-Match': ifMatch };
}

function keyed(body: unknown, { signal, idempotencyKey }: CreateOptions) {
  const headers = { 'Idempotency-Key': idempotencyKey ?? randomKey() };
  return { body, headers, signal, repeatable: true };
}
