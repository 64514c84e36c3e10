import type { ReadonlySignal } from '@preact/signals';
import type { ListWork } from './use-list.ts';

/** Keeps the list that was left last for a while, so that "back" leads to it as it was. */
export interface ListCache {
  put(work: ListWork): void;
  /** Returns the kept list, which the caller has to close. */
  take(): ListWork | undefined;
  close(): void;
}

const keptMs = 5 * 60_000;

/** @param returns how often the connection has been restored: a list kept before that may have missed changes. */
export function createListCache(returns: ReadonlySignal<number>): ListCache {
  let work: ListWork | undefined;
  let keptAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  function take(): ListWork | undefined {
    const taken = work;
    work = undefined;
    clearTimeout(timer);
    return taken;
  }
  const close = (): void => take()?.list.close();
  return {
    take() {
      if (returns.peek() !== keptAt) close();
      return take();
    },
    close,
    put(left) {
      close();
      work = left;
      keptAt = returns.peek();
      timer = setTimeout(close, keptMs);
    },
  };
}
