/** The data of the overview, requested every few seconds while the page is visible. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Client, Overview, OverviewRequest } from '../../client/index.ts';

export type Range = NonNullable<OverviewRequest['range']>;

export interface OverviewData {
  readonly overview: ReadonlySignal<Overview | undefined>;
  /** Error of the last request, if it failed. `overview` keeps the data from before. */
  readonly failure: ReadonlySignal<unknown>;
  refresh(): void;
  close(): void;
}

export interface OverviewDataOptions {
  readonly client: Pick<Client, 'overview'>;
  readonly range: Range;
}

const intervalMs = 5000;

export function createOverviewData({ client, range }: OverviewDataOptions): OverviewData {
  const overview = signal<Overview | undefined>(undefined);
  const failure = signal<unknown>(undefined);
  const closing = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    try {
      overview.value = await client.overview({ range, signal: closing.signal });
      failure.value = undefined;
    } catch (error) {
      if (closing.signal.aborted) return;
      failure.value = error;
    }
  }

  function refresh(): void {
    if (closing.signal.aborted) return;
    clearTimeout(timer);
    asking ??= ask().finally(() => {
      asking = undefined;
      if (!closing.signal.aborted) timer = setTimeout(whenSeen, intervalMs);
    });
  }

  function whenSeen(): void {
    if (document.visibilityState === 'visible') refresh();
  }

  document.addEventListener('visibilitychange', whenSeen);
  refresh();
  return {
    overview,
    failure,
    refresh,
    close() {
      closing.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', whenSeen);
    },
  };
}
