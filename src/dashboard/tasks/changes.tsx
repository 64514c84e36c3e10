import { useEffect, useState } from 'preact/hooks';
import { count, plural } from '../format.ts';
import { Icon } from '../parts/icons.tsx';
import { maxAdded, type TaskList } from './list.ts';
import type { TaskSelection } from './selection.ts';

/**
 * Interval between reloads, in milliseconds. Lists lag, so an earlier reload might not show the new tasks.
 */
const lagMs = 2000;
/** Time without changes before an announcement, in milliseconds: not every change should be read out. */
const settledMs = 3000;

/**
 * Shows how the list has changed. Rows keep their places while the viewer is working with them; otherwise new
 * tasks simply appear.
 */
export function ListChanges({ list, selection }: { list: TaskList; selection: TaskSelection }) {
  const { added, removed } = list.changes.value;
  const words = wordsOf(added, removed);
  const announced = useSettled(words);
  useEffect(() => {
    if (added === 0) return undefined;
    const timer = setInterval(() => {
      if (isUnattended() && selection.isEmpty.peek() && !list.isLoading.peek()) list.reload();
    }, lagMs);
    return () => clearInterval(timer);
  }, [list, selection, added > 0]);
  const refresh = (): void => {
    globalThis.scrollTo({ top: 0 });
    list.reload();
  };
  return (
    <div class="list-changes">
      {words !== undefined && (
        <button type="button" class="small" onClick={refresh}>
          <Icon name="retry" />
          {words}
        </button>
      )}
      <p class="visually-hidden" role="status">
        {announced ?? ''}
      </p>
    </div>
  );
}

function wordsOf(added: number, removed: number): string | undefined {
  const more = added === maxAdded ? `${count(added)}+ new tasks` : plural(added, 'new task');
  if (added > 0) return `Show ${more}`;
  return removed > 0 ? `Refresh: ${plural(removed, 'task')} no longer in this list` : undefined;
}

/**
 * Returns whether no row is pointed at or focused, no dialog is open, and the page is not scrolled into the
 * list.
 */
function isUnattended(): boolean {
  const table = document.querySelector('.table-body');
  const isPointedAt = table?.matches(':hover') ?? false;
  const hasFocus = table?.contains(document.activeElement) ?? false;
  const isCovered = document.querySelector('dialog[open]') !== null;
  return !isPointedAt && !hasFocus && !isCovered && (table?.getBoundingClientRect().top ?? 0) > 0;
}

function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settledMs);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
