/**
 * Keeps the last list of tasks for some minutes after the viewer leaves it, so that "back" shows it as it
 * was.
 */
import type { ReadonlySignal } from '@preact/signals';
import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useMemo } from 'preact/hooks';
import { required, useWork } from '../dashboard.ts';
import type { TaskList } from './list.ts';
import type { TaskSelection } from './selection.ts';

/** A list with its selection. */
export interface ListWork {
  readonly key: string;
  readonly list: TaskList;
  readonly selection: TaskSelection;
}

export interface ListCache {
  put(work: ListWork): void;
  /** Returns the kept list, which the caller has to close. */
  take(): ListWork | undefined;
  close(): void;
}

const KeptListContext = createContext<ListCache | undefined>(undefined);

/** Keeps a list for the pages inside it. Must surround all pages, since it has to outlive each of them. */
export function ListKeeper({ children }: { children: ComponentChildren }) {
  const { live } = useWork();
  const kept = useMemo(() => createListCache(live.returns), [live]);
  useEffect(() => kept.close, [kept]);
  return <KeptListContext.Provider value={kept}>{children}</KeptListContext.Provider>;
}

export function useKeptList(): ListCache {
  return required(useContext(KeptListContext));
}

/** Time for which a list is kept, in milliseconds. */
const keptMs = 5 * 60_000;

/**
 * @param returns number of restored connections. If it has grown, a list kept before may have missed changes.
 */
function createListCache(returns: ReadonlySignal<number>): ListCache {
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
