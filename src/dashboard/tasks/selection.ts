/** The selected tasks: some by their ids, or all that the filter matches. */
import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import type { TaskList } from './list.ts';

export interface TaskSelection {
  /**
   * Ids of the loaded tasks that are selected: all loaded tasks while {@link TaskSelection.isAll} is true.
   */
  readonly ids: ReadonlySignal<ReadonlySet<string>>;
  /** Whether all matching tasks are selected, including those that the list has not loaded. */
  readonly isAll: ReadonlySignal<boolean>;
  readonly isEmpty: ReadonlySignal<boolean>;
  /** @param withRange whether to include all rows between the one toggled before and this one. */
  toggle(id: string, withRange: boolean): void;
  /** Selects all loaded rows. */
  takeLoaded(): void;
  takeAll(): void;
  clear(): void;
}

/** Only tasks that the list shows can be selected: one that leaves the list in a reload is no longer selected. */
export function createSelection(list: Pick<TaskList, 'ids'>): TaskSelection {
  const ticked = signal<ReadonlySet<string>>(new Set());
  const isAll = signal(false);
  const ids = computed<ReadonlySet<string>>(() => {
    if (isAll.value) return new Set(list.ids.value);
    if (ticked.value.size === 0) return ticked.value;
    const shown = new Set(list.ids.value);
    return new Set([...ticked.value].filter((id) => shown.has(id)));
  });
  let last: string | undefined;

  function between(from: string, to: string): readonly string[] {
    const [a, b] = [list.ids.peek().indexOf(from), list.ids.peek().indexOf(to)];
    return a < 0 || b < 0 ? [to] : list.ids.peek().slice(Math.min(a, b), Math.max(a, b) + 1);
  }

  function set(next: ReadonlySet<string>, all = false): void {
    batch(() => {
      ticked.value = next;
      isAll.value = all;
    });
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
      set(next);
    },
    takeLoaded: () => set(new Set(list.ids.peek())),
    takeAll: () => set(new Set(list.ids.peek()), true),
    clear() {
      set(new Set());
      last = undefined;
    },
  };
}
