/** The tasks that are ticked: by their ids, or all that the filter matches. */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { Selection } from '../../client/index.ts';
import type { TaskList } from './list.ts';

export interface TaskSelection {
  readonly ids: ReadonlySignal<ReadonlySet<string>>;
  /** All that match, also those that the list has not loaded. */
  readonly isAll: ReadonlySignal<boolean>;
  readonly isEmpty: ReadonlySignal<boolean>;
  /** @param withRange all between the one before and this one as well. */
  toggle(id: string, withRange: boolean): void;
  /** All rows that are loaded. */
  takeLoaded(): void;
  takeAll(): void;
  clear(): void;
  /** As the interface wants it. */
  asked(): Selection;
}

export function createSelection(list: Pick<TaskList, 'ids' | 'filter'>): TaskSelection {
  const ids = signal<ReadonlySet<string>>(new Set());
  const isAll = signal(false);
  let last: string | undefined;

  function between(from: string, to: string): readonly string[] {
    const [a, b] = [list.ids.peek().indexOf(from), list.ids.peek().indexOf(to)];
    return a < 0 || b < 0 ? [to] : list.ids.peek().slice(Math.min(a, b), Math.max(a, b) + 1);
  }

  return {
    ids,
    isAll,
    isEmpty: computed(() => ids.value.size === 0),
    toggle(id, withRange) {
      const next = new Set(ids.peek());
      const isOn = !next.has(id);
      const touched = withRange && last !== undefined ? between(last, id) : [id];
      for (const each of touched) {
        if (isOn) next.add(each);
        else next.delete(each);
      }
      last = id;
      ids.value = next;
      isAll.value = false;
    },
    takeLoaded() {
      ids.value = new Set(list.ids.peek());
      isAll.value = false;
    },
    takeAll() {
      ids.value = new Set(list.ids.peek());
      isAll.value = true;
    },
    clear() {
      ids.value = new Set();
      isAll.value = false;
      last = undefined;
    },
    asked: () => (isAll.peek() ? { filter: list.filter } : { ids: [...ids.peek()] }),
  };
}
