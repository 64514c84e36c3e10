/**
 * The tasks of a list, loaded page by page and kept up to date by the feed.
 *
 * loading → ready → loading (more, or a reload) …, or failed until it is tried again; closed when the page is
 * left. Rows stay in their places: a task that has come to match is counted, not inserted, and one that no
 * longer matches stays where it is, until the list is reloaded.
 */
import { computed, type ReadonlySignal, signal, type Signal } from '@preact/signals';
import { type Client, type TaskEvent, type TaskFilter, type TaskSummary } from '../../client/index.ts';
import { SeenVersions } from '../../client/order.ts';
import { matchesFilter } from '../../contract/filter.ts';
import type { Clock } from '../clock.ts';
import type { Live } from '../live.ts';

export interface Row {
  readonly task: ReadonlySignal<TaskSummary>;
  /** A task that no longer matches keeps its row only so that nothing jumps. */
  readonly state: ReadonlySignal<'here' | 'unmatched' | 'deleted'>;
}

export interface TaskList {
  readonly filter: TaskFilter;
  /** Ids in the order of the API. */
  readonly ids: ReadonlySignal<readonly string[]>;
  row(id: string): Row | undefined;
  readonly isLoading: ReadonlySignal<boolean>;
  /** Whether there is nothing more to load. */
  readonly isComplete: ReadonlySignal<boolean>;
  readonly failure: ReadonlySignal<unknown>;
  /** How the list would differ if it were reloaded. */
  readonly changes: ReadonlySignal<{ readonly added: number; readonly removed: number }>;
  /** Loads the next page, if there is one and none is being loaded. */
  more(): void;
  /** Loads the list from the start; the rows shown stay until the first page has arrived. */
  reload(): void;
  /** Tries again after a failure, and keeps the rows shown. */
  tryAgain(): void;
  /** Takes the state of a task from a response. */
  take(task: TaskSummary): void;
  close(): void;
}

export interface TaskListOptions {
  readonly tasks: Pick<Client['tasks'], 'list'>;
  readonly live: Pick<Live, 'listen'>;
  readonly clock: Clock;
  readonly filter: TaskFilter;
}

interface LiveRow extends Row {
  readonly task: Signal<TaskSummary>;
  readonly state: Signal<'here' | 'unmatched' | 'deleted'>;
}

const pageSize = 100;

export function createTaskList({ tasks, live, clock, filter }: TaskListOptions): TaskList {
  const ids = signal<readonly string[]>([]);
  const isLoading = signal(false);
  const isComplete = signal(false);
  const failure = signal<unknown>(undefined);
  const added = createTally();
  const outdated = createTally();
  const recent = createRecent();
  let rows = new Map<string, LiveRow>();
  let latest = new SeenVersions();
  let loadedAt = 0;
  let hasLoaded = false;
  let pages: AsyncGenerator<TaskSummary, void> | undefined;
  let loading = new AbortController();

  /**
   * @param isReload whether to replace the rows shown. If not, loading continues after them, as after a
   * failure.
   */
  function begin(isReload: boolean): void {
    loading.abort();
    loading = new AbortController();
    pages = tasks.list(filter, { pageSize, signal: loading.signal });
    void load(isReload);
  }

  /** @param isReload whether the first page replaces all rows shown, once it has arrived. */
  async function load(isReload: boolean): Promise<void> {
    const { signal } = loading;
    const [source, startedAt] = [pages, clock.now.peek()];
    isLoading.value = true;
    failure.value = undefined;
    try {
      for (let isDone = false; !isDone;) {
        const { page, isLast } = await take(source, pageSize);
        if (signal.aborted) return;
        if (isReload) startOver(startedAt);
        const fresh = show(page, isReload);
        isComplete.value = isLast;
        // After a failure, the pages that are already shown are read once more.
        isDone = isReload || isLast || fresh > 0;
      }
    } catch (error) {
      if (signal.aborted) return;
      failure.value = error;
    }
    isLoading.value = false;
  }

  function startOver(startedAt: number): void {
    [rows, latest, loadedAt, hasLoaded] = [new Map(), new SeenVersions(), startedAt, true];
    for (const tally of [added, outdated]) tally.clear();
  }

  /** Shows a page. @returns how many of its tasks were not in the list yet. */
  function show(page: readonly TaskSummary[], isReload: boolean): number {
    const fresh = page.filter((task) => !recent.wasDeleted(task) && put(task));
    ids.value = [...(isReload ? [] : ids.peek()), ...fresh.map(({ id }) => id)];
    // The page shows the tasks as they were at the time of the request, or some seconds before.
    recent.replay(update);
    return fresh.length;
  }

  /** Adds or updates the row of a task. @returns whether the task was not in the list yet. */
  function put(task: TaskSummary): boolean {
    const row = rows.get(task.id);
    const isNews = latest.take(task);
    if (!row) rows.set(task.id, { task: signal(task), state: signal('here') });
    if (!row) added.remove(task.id);
    else if (isNews) row.task.value = task;
    return !row;
  }

  function update(task: TaskSummary): void {
    const row = rows.get(task.id);
    const matches = matchesFilter(filter, task);
    if (!row) {
      // Before the first page, nothing is known to be missing from it. The event is replayed once it has arrived.
      if (!hasLoaded) return;
      if (matches && isLaterThanList(task)) added.add(task.id);
      else added.remove(task.id);
      return;
    }
    if (!latest.take(task)) return;
    row.task.value = task;
    setState(task.id, row, matches ? 'here' : 'unmatched');
  }

  function setState(id: string, row: LiveRow, state: 'here' | 'unmatched' | 'deleted'): void {
    row.state.value = state;
    if (state === 'here') outdated.remove(id);
    else outdated.add(id);
  }

  /**
   * Returns whether a matching task is newer than the list. An older one may be on a page that is not loaded
   * yet.
   */
  function isLaterThanList({ created_at, updated_at, started_at, finished_at }: TaskSummary): boolean {
    if (isComplete.peek()) return true;
    const at = filter.status ? [created_at, updated_at, started_at, finished_at] : [created_at];
    return at.some((each) => each !== null && Date.parse(each) > loadedAt);
  }

  function onEvent(event: TaskEvent): void {
    recent.add(event);
    if (event.type === 'task') {
      update(event.task);
      return;
    }
    const row = rows.get(event.id);
    if (row) setState(event.id, row, 'deleted');
    added.remove(event.id);
    latest.forget(event.id);
  }

  const leave = live.listen(onEvent);
  begin(true);

  return {
    filter,
    ids,
    row: (id) => rows.get(id),
    isLoading,
    isComplete,
    failure,
    changes: computed(() => ({ added: added.size.value, removed: outdated.size.value })),
    more() {
      if (isLoading.peek() || isComplete.peek() || failure.peek() !== undefined) return;
      void load(false);
    },
    reload: () => begin(true),
    tryAgain: () => begin(ids.peek().length === 0),
    take: update,
    close() {
      leave();
      loading.abort();
    },
  };
}

async function take(
  source: AsyncGenerator<TaskSummary, void> | undefined,
  max: number,
): Promise<{ page: TaskSummary[]; isLast: boolean }> {
  const page: TaskSummary[] = [];
  while (page.length < max) {
    const next = await source?.next();
    if (!next || next.done === true) return { page, isLast: true };
    page.push(next.value);
  }
  return { page, isLast: false };
}

/**
 * Time for which events are kept, in milliseconds: longer than a list lags, and longer than reading it takes.
 */
const recentMs = 15_000;

/** Keeps the recent events of the feed, by task: a list that is loaded in the meantime may be older than they are. */
function createRecent() {
  const events = new Map<string, { readonly event: TaskEvent; readonly at: number }>();
  function forgetOld(): void {
    const oldest = performance.now() - recentMs;
    for (const [id, { at }] of events) {
      if (at > oldest) return;
      events.delete(id);
    }
  }
  return {
    add(event: TaskEvent): void {
      const id = event.type === 'task' ? event.task.id : event.id;
      // Moved to the end: the oldest come first.
      events.delete(id);
      events.set(id, { event, at: performance.now() });
      forgetOld();
    },
    wasDeleted: ({ id }: TaskSummary): boolean => events.get(id)?.event.type === 'deleted',
    replay(take: (task: TaskSummary) => void): void {
      forgetOld();
      for (const { event } of events.values()) if (event.type === 'task') take(event.task);
    },
  };
}

/** Maximum count of added tasks; the UI shows it as "1,000+". */
export const maxAdded = 1000;

/**
 * Creates a set whose size is a signal. It is changed in place: a thousand changes can arrive within a frame.
 */
function createTally() {
  const ids = new Set<string>();
  const size = signal(0);
  const changed = (): void => {
    size.value = ids.size;
  };
  return {
    size: size as ReadonlySignal<number>,
    add(id: string): void {
      if (ids.size < maxAdded) ids.add(id);
      changed();
    },
    remove(id: string): void {
      if (ids.delete(id)) changed();
    },
    clear(): void {
      ids.clear();
      changed();
    },
  };
}
