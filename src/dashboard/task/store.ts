/**
 * The current state of one task: read as a whole when the page opens and after each change, and updated by its
 * feed, which begins after the first read.
 *
 * loading → shown → deleted; or missing, or failed until it is tried again. Closed when the page is left. An
 * older state never replaces a newer one, in whatever order responses and messages arrive.
 */
import { batch, effect, type ReadonlySignal, signal } from '@preact/signals';
import {
  type Client,
  type HistoryEntry,
  type Task,
  TaskbellError,
  type TaskSummary,
} from '../../client/index.ts';
import { compareAge } from '../../contract/status.ts';
import { explain } from '../page-messages.ts';
import { isUnauthenticated } from '../session-fetch.ts';
import { hasEnded } from '../what-now.ts';
import { createRefresher } from './refresher.ts';

export type Phase = 'loading' | 'shown' | 'deleted' | 'missing' | 'failed';

export interface TaskStore {
  readonly phase: ReadonlySignal<Phase>;
  readonly task: ReadonlySignal<Task | undefined>;
  readonly history: ReadonlySignal<readonly HistoryEntry[]>;
  /** Why the last read failed. */
  readonly problem: ReadonlySignal<string | undefined>;
  /** Takes the task from the response to a command. */
  take(task: Task): void;
  reload(): void;
  close(): void;
}

export interface TaskStoreOptions {
  readonly id: string;
  readonly tasks: Pick<Client['tasks'], 'get' | 'history' | 'watch'>;
  /** Number of restored connections. */
  readonly returns: ReadonlySignal<number>;
  readonly isVisible: () => boolean;
}

const leastMs = 1000;
/** Interval between reads while an attempt runs, in milliseconds. Its log is up to 2 s old anyway. */
const pollMs = 2000;
const againMs = 5000;

export function createLiveTask({ id, tasks, returns, isVisible }: TaskStoreOptions): TaskStore {
  const phase = signal<Phase>('loading');
  const task = signal<Task | undefined>(undefined);
  const history = signal<readonly HistoryEntry[]>([]);
  const problem = signal<string | undefined>(undefined);
  const leaving = new AbortController();
  /** The newest summary from the feed, and how many have arrived. */
  let latest: { readonly summary: TaskSummary; readonly count: number } | undefined;
  let wantsHistory = true;
  let isWatching = false;
  let again: ReturnType<typeof setTimeout> | undefined;

  /** @param countBefore how many summaries had arrived from the feed when `read` was requested. */
  function take(read: Task, countBefore = latest?.count ?? 0): void {
    const current = task.peek();
    if (current && compareAge(read, current) < 0) return;
    // A summary that the feed has sent in the meantime is newer than a response of the same age.
    const isOvertaken = latest && latest.count > countBefore && compareAge(latest.summary, read) >= 0;
    task.value = isOvertaken && latest ? withSummary(read, latest.summary) : read;
  }

  function onSummary(summary: TaskSummary): void {
    latest = { summary, count: (latest?.count ?? 0) + 1 };
    const current = task.peek();
    if (!current || compareAge(summary, current) !== 0) askAll();
    if (current && compareAge(summary, current) >= 0) task.value = withSummary(current, summary);
  }

  async function read(): Promise<void> {
    const { signal } = leaving;
    const withHistory = wantsHistory;
    wantsHistory = false;
    const countBefore = latest?.count ?? 0;
    try {
      const reading = tasks.get(id, { signal });
      if (withHistory) void reading.then(beginWatch, (error) => isRejected(error) || beginWatch());
      const entries = withHistory ? await collected(tasks.history(id, { signal }), reading) : undefined;
      const found = await reading;
      if (signal.aborted || isFinal(phase.peek())) return;
      const before = task.peek();
      // When the feed sends this change too, it is no longer news, so its history has to be read now.
      if (!withHistory && before && (compareAge(found, before) > 0 || haveOtherAttempts(found, before)))
        askAll();
      batch(() => {
        take(found, countBefore);
        if (entries) history.value = entries;
        [phase.value, problem.value] = ['shown', undefined];
      });
    } catch (error) {
      wantsHistory ||= withHistory;
      fail(error);
    }
  }
  const refresher = createRefresher(read, leastMs);

  function askAll(): void {
    wantsHistory = true;
    refresher.ask();
  }

  function fail(error: unknown): void {
    if (leaving.signal.aborted) return;
    // The session has ended, so the sign-in page will replace this one.
    if (isUnauthenticated(error)) return;
    if (error instanceof TaskbellError && error.status === 404)
      return end(task.peek() ? 'deleted' : 'missing');
    batch(() => {
      problem.value = explain(error);
      if (!task.peek()) phase.value = 'failed';
    });
    clearTimeout(again);
    // Until then, the page says that it may be out of date.
    if (task.peek()) again = setTimeout(askAll, againMs);
  }

  function end(as: 'deleted' | 'missing'): void {
    phase.value = as;
    stop();
  }

  /** Begins the feed. The service would reject that of a missing task, and the browser log that with its ticket. */
  function beginWatch(): void {
    if (!isWatching && !leaving.signal.aborted) void watch();
  }

  async function watch(): Promise<void> {
    const { signal } = leaving;
    isWatching = true;
    try {
      for await (const summary of tasks.watch(id, { signal })) onSummary(summary);
      if (!signal.aborted) end('deleted');
    } catch (error) {
      isWatching = false;
      fail(error);
    }
  }

  const polling = setInterval(() => {
    if (isAttemptRunning(task.peek()) && isVisible()) refresher.ask();
  }, pollMs);
  const stopReturning = effect(() => {
    if (returns.value > 0) askAll();
  });

  function stop(): void {
    leaving.abort();
    refresher.close();
    clearInterval(polling);
    clearTimeout(again);
    stopReturning();
  }

  askAll();

  return {
    phase,
    task,
    history,
    problem,
    take(answer) {
      take(answer);
      askAll();
    },
    reload() {
      if (phase.peek() === 'failed') phase.value = 'loading';
      askAll();
    },
    close: stop,
  };
}

function isFinal(phase: Phase): boolean {
  return phase === 'deleted' || phase === 'missing';
}

function isAttemptRunning(task: Task | undefined): boolean {
  return (
    task !== undefined && !hasEnded(task) && task.status === 'RUNNING' && task.waiting?.reason !== 'backoff'
  );
}

/** Returns whether the attempts of two states differ in number or outcome: a lost attempt leaves no other trace. */
function haveOtherAttempts(a: Task, b: Task): boolean {
  const marks = ({ attempts }: Task): string =>
    attempts.map(({ attempt, outcome }) => `${attempt} ${outcome}`).join();
  return marks(a) !== marks(b);
}

/** Merges a summary into a task. A summary has only the start of a long description, and not all links. */
function withSummary(task: Task, summary: TaskSummary): Task {
  const description = task.description.startsWith(summary.description)
    ? task.description
    : summary.description;
  return { ...task, ...summary, description, links: task.links };
}

async function collected<T>(items: AsyncIterable<T>, beside: Promise<unknown>): Promise<T[]> {
  // `beside` is awaited only after this function: until then its failure must not count as unhandled.
  beside.catch(() => undefined);
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Returns whether a read was answered that the user may not see the task, or that there is none. */
function isRejected(error: unknown): boolean {
  return error instanceof TaskbellError && [401, 403, 404].includes(error.status);
}
