/** A value that takes calls to Temporal, for a page that is read often, by several readers, or by none. */
import { pause } from '../lib/wait.ts';

export interface Sample<T> {
  /** Begins to read the value if that is due. */
  refresh(): void;
  /**
   * Returns the value. One that is due is read first; if that fails or takes long, the last one is returned, up to a
   * certain age. @throws what reading throws, if there is none.
   */
  read(): Promise<T>;
}

export interface SampleOptions {
  /** Time for which a value is used before it is read again, in milliseconds. */
  readonly everyMs?: number;
  /** Time after which one that could not be read is tried again, if there is none to show, in milliseconds. */
  readonly retryMs?: number;
  /** Maximum age of a value that is shown, in milliseconds. */
  readonly maxAgeMs?: number;
  /** Time to wait for a newer value while there is one to show, in milliseconds. Less than a page has. */
  readonly patienceMs?: number;
  readonly now?: () => number;
}

/** Reads a value only when it is asked for, one read at a time, and not again within half a minute. */
export function createSample<T>(
  read: () => Promise<T>,
  {
    everyMs = 30_000,
    retryMs = 5000,
    maxAgeMs = 120_000,
    patienceMs = 2000,
    now = () => performance.now(),
  }: SampleOptions = {},
): Sample<T> {
  let latest: Promise<T> | undefined;
  let isReading = false;
  let dueAt = Number.NEGATIVE_INFINITY;
  /** The last value, and when its read began: it is no newer than that. */
  let last: { readonly at: number; readonly value: T } | undefined;

  const shown = (): typeof last => (last && now() - last.at < maxAgeMs ? last : undefined);

  /** Returns the read under way, or the last one until another is due, or begins one. */
  function current(): Promise<T> {
    const at = now();
    if (latest && (isReading || at < dueAt)) return latest;
    isReading = true;
    dueAt = at + everyMs;
    latest = read();
    latest.then(
      (value) => {
        isReading = false;
        last = { at, value };
      },
      () => {
        isReading = false;
        if (!shown()) dueAt = at + retryMs;
      },
    );
    return latest;
  }

  return {
    refresh: () => void current(),
    async read() {
      const next = current();
      if (!shown()) return next;
      if (isReading) await settledWithin(next, patienceMs);
      const value = shown();
      return value ? value.value : next;
    },
  };
}

/** Waits until the promise is settled, at most for a time, in milliseconds. */
async function settledWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  const over = new AbortController();
  await Promise.race([Promise.allSettled([promise]), pause(ms, over.signal)]);
  over.abort();
}
