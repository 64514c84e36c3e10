/**
 * The tasks of a list, page by page, kept up to date by the feed.
 *
 * loading → ready → loading (more, or anew) …, or failed until it is tried again; closed when the page is left. What is
 * shown stays in its place: a task that has come to match is counted, not put in between, and one that no longer
 * matches stays where it is, until the list is loaded anew.
 */
import { computed, type ReadonlySignal, signal, type Signal } from '@preact/signals';
import { type Client, type TaskEvent, type TaskFilter, type TaskSummary } from '../../client/index.ts';
import { Told } from '../../client/order.ts';
import { matchesFilter } from '../../contract/filter.ts';
import type { Clock } from '../clock.ts';
import type { Live } from '../live.ts';

export interface Row {
  readonly task: ReadonlySignal<TaskSummary>;
  /** `gone`: it no longer matches, and stands here only so that nothing jumps. */
  readonly state: ReadonlySignal<'here' | 'gone' | 'deleted'>;
}

export interface TaskList {
  readonly filter: TaskFilter;
  /** In the order of the interface. */
  readonly ids: ReadonlySignal<readonly string[]>;
  row(id: string): Row | undefined;
  readonly isLoading: ReadonlySignal<boolean>;
  /** There is nothing more to load. */
  readonly isComplete: ReadonlySignal<boolean>;
  readonly failure: ReadonlySignal<unknown>;
  /** How the list would differ if it were loaded anew. */
  readonly changes: ReadonlySignal<{ readonly added: number; readonly gone: number }>;
  /** Loads the next page, if there is one and none is under way. */
  more(): void;
  /** From the beginning; what is shown stays until the first page is there. */
  reload(): void;
  /** Tries again after a failure, and keeps what is shown. */
  again(): void;
  /** Takes a state that an answer told. */
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
  readonly state: Signal<'here' | 'gone' | 'deleted'>;
}

const pageSize = 100;

export function createTaskList({ tasks, live, clock, filter }: TaskListOptions): TaskList {
  const ids = signal<readonly string[]>([]);
  const isLoading = signal(false);
  const isComplete = signal(false);
  const failure = signal<unknown>(undefined);
  const added = createTally();
  const gone = createTally();
  const recent = createRecent();
  let rows = new Map<string, LiveRow>();
  let told = new Told();
  let loadedAt = 0;
  let pages: AsyncGenerator<TaskSummary, void> | undefined;
  let loading = new AbortController();

  /** @param isAnew in place of what is shown, or to go on behind it after a failure. */
  function begin(isAnew: boolean): void {
    loading.abort();
    loading = new AbortController();
    pages = tasks.list(filter, { pageSize, signal: loading.signal });
    void load(isAnew);
  }

  /** @param isAnew the first page takes the place of all that is shown, once it is there. */
  async function load(isAnew: boolean): Promise<void> {
    const { signal } = loading;
    const [source, startedAt] = [pages, clock.now.peek()];
    isLoading.value = true;
    failure.value = undefined;
    try {
      for (let isOver = false; !isOver;) {
        const { page, isLast } = await take(source, pageSize);
        if (signal.aborted) return;
        if (isAnew) startOver(startedAt);
        const fresh = show(page, isAnew);
        isComplete.value = isLast;
        // After a failure, the pages that are there come once more.
        isOver = isAnew || isLast || fresh > 0;
      }
    } catch (error) {
      if (signal.aborted) return;
      failure.value = error;
    }
    isLoading.value = false;
  }

  function startOver(startedAt: number): void {
    [rows, told, loadedAt] = [new Map(), new Told(), startedAt];
    for (const tally of [added, gone]) tally.clear();
  }

  /** @returns how many of a page were not there yet. */
  function show(page: readonly TaskSummary[], isAnew: boolean): number {
    const fresh = page.filter((task) => !recent.wasDeleted(task) && put(task));
    ids.value = [...(isAnew ? [] : ids.peek()), ...fresh.map(({ id }) => id)];
    // The list is of the moment when it was asked for, or some seconds older.
    recent.replay(update);
    return fresh.length;
  }

  /** @returns whether it was not there yet. */
  function put(task: TaskSummary): boolean {
    const row = rows.get(task.id);
    const isNews = told.take(task);
    if (!row) rows.set(task.id, { task: signal(task), state: signal('here') });
    if (!row) added.remove(task.id);
    else if (isNews) row.task.value = task;
    return !row;
  }

  function update(task: TaskSummary): void {
    const row = rows.get(task.id);
    const matches = matchesFilter(filter, task);
    if (!row) {
      if (matches && isLaterThanList(task)) added.add(task.id);
      else added.remove(task.id);
      return;
    }
    if (!told.take(task)) return;
    row.task.value = task;
    setState(task.id, row, matches ? 'here' : 'gone');
  }

  function setState(id: string, row: LiveRow, state: 'here' | 'gone' | 'deleted'): void {
    row.state.value = state;
    if (state === 'here') gone.remove(id);
    else gone.add(id);
  }

  /** Of those that were there before, some may just stand on a page that has not been loaded. */
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
    told.forget(event.id);
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
    changes: computed(() => ({ added: added.size.value, gone: gone.size.value })),
    more() {
      if (isLoading.peek() || isComplete.peek() || failure.peek() !== undefined) return;
      void load(false);
    },
    reload: () => begin(true),
    again: () => begin(ids.peek().length === 0),
    take: update,
    close() {
      leave();
      loading.abort();
    },
  };
}

async function take(
  source: AsyncGenerator<TaskSummary, void> | undefined,
  most: number,
): Promise<{ page: TaskSummary[]; isLast: boolean }> {
  const page: TaskSummary[] = [];
  while (page.length < most) {
    const next = await source?.next();
    if (!next || next.done === true) return { page, isLast: true };
    page.push(next.value);
  }
  return { page, isLast: false };
}

/** More than lists lag, and than one takes to be read. */
const recentMs = 15_000;

/** What the feed has told lately, by task: a list that is loaded meanwhile may be older than that. */
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
      // To the end: the oldest stand first.
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

/** Of more, it is told that there are more. */
export const mostAdded = 1000;

/** A set whose size is a signal: it may change a thousand times within a frame. */
function createTally() {
  const ids = new Set<string>();
  const size = signal(0);
  const changed = (): void => {
    size.value = ids.size;
  };
  return {
    size: size as ReadonlySignal<number>,
    add(id: string): void {
      if (ids.size < mostAdded) ids.add(id);
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
