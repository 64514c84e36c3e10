import type { ReadonlySignal } from '@preact/signals';
import type { ListWork } from './use-list.ts';

/** The list that was left last, which lives on for a while: "back" leads to it as it was. */
export interface KeptList {
  put(work: ListWork): void;
  /** Whoever takes it closes it. */
  take(): ListWork | undefined;
  close(): void;
}

const keptMs = 5 * 60_000;

/** @param returns how often the connection has come back: what was kept before that may have missed something. */
export function createKeptList(returns: ReadonlySignal<number>): KeptList {
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
