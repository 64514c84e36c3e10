/** The number of tasks in each status, requested again after changes, and every 30 seconds otherwise. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Client, TaskCounts, TaskFilter } from '../../client/index.ts';
import type { Live } from '../live.ts';

export interface Counts {
  /** undefined until they are known. */
  readonly counts: ReadonlySignal<TaskCounts | undefined>;
  refresh(): void;
  close(): void;
}

export interface CountsOptions {
  readonly tasks: Pick<Client['tasks'], 'counts'>;
  readonly live: Pick<Live, 'listen'>;
  /** Has no status, since all are counted. */
  readonly filter: Omit<TaskFilter, 'status'>;
}

/**
 * Delays after a change, in milliseconds. The service's lists lag by up to two seconds: the second request
 * gets what was not yet in the lists at the first.
 */
const pauseMs = 1000;
const lagMs = 2500;
const idleMs = 30_000;

export function createCounts({ tasks, live, filter }: CountsOptions): Counts {
  const counts = signal<TaskCounts | undefined>(undefined);
  const closing = new AbortController();
  let isAsking = false;
  let next: { readonly timer: ReturnType<typeof setTimeout>; readonly at: number } | undefined;

  async function ask(): Promise<void> {
    isAsking = true;
    try {
      counts.value = await tasks.counts(filter, { signal: closing.signal });
    } catch {
      if (closing.signal.aborted) return;
      // The numbers that are shown stay; the banner and the list report the problem.
    }
    isAsking = false;
    askIn(idleMs);
  }

  function askIn(ms: number): void {
    const at = performance.now() + ms;
    if (closing.signal.aborted || (next && next.at <= at)) return;
    clearTimeout(next?.timer);
    const timer = setTimeout(() => {
      next = undefined;
      if (isAsking || document.visibilityState !== 'visible') askIn(pauseMs);
      else void ask();
    }, ms);
    next = { timer, at };
  }

  let last: ReturnType<typeof setTimeout> | undefined;
  const onChange = (): void => {
    askIn(pauseMs);
    clearTimeout(last);
    last = setTimeout(() => askIn(0), lagMs);
  };
  const leave = live.listen(onChange);
  void ask();

  return {
    counts,
    refresh: onChange,
    close() {
      leave();
      closing.abort();
      clearTimeout(next?.timer);
      clearTimeout(last);
    },
  };
}
