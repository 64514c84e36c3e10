import { useComputed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { ActionName } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { plural } from '../format.ts';
import { Icon, type IconName } from '../parts/icons.tsx';
import { taskStatuses } from '../../contract/status.ts';
import { actionWords, canDo, mayDoIn } from '../what-now.ts';
import { BulkDialog, type BulkProps } from './bulk-dialog.tsx';
import type { TaskList } from './list.ts';
import type { TaskSelection } from './selection.ts';

const actions: readonly (readonly [ActionName, IconName])[] = [
  ['cancel', 'stop'],
  ['retry', 'retry'],
  ['pause', 'pause'],
  ['resume', 'play'],
  ['run-now', 'bolt'],
  ['delete', 'trash'],
];

/** Offers the actions for the selected tasks. */
export function BulkBar(props: BulkProps) {
  return props.selection.isEmpty.value ? null : <FilledBar {...props} />;
}

function FilledBar(props: BulkProps) {
  const { list, selection, total } = props;
  const [action, setAction] = useState<ActionName>();
  const possible = usePossible(list, selection);
  useEscape(selection.clear);
  const { size } = selection.ids.value;
  const isAll = selection.isAll.value;
  const hasMore = size === list.ids.value.length && !list.isComplete.value && (total ?? 0) > size;
  return (
    <>
      <section class="bulk-bar" aria-label="Selected tasks">
        <strong role="status">{isAll ? `All ${plural(total ?? size, 'task')}` : `${size} selected`}</strong>
        {hasMore && !isAll && (
          <button type="button" class="link" onClick={selection.takeAll}>
            Select all {plural(total ?? size, 'task')} that match
          </button>
        )}
        <button type="button" class="icon-button" aria-label="Clear selection" onClick={selection.clear}>
          <Icon name="cross" />
        </button>
        <div class="actions">
          {actions.map(([name, icon]) => (
            <button
              key={name}
              type="button"
              class={name === 'delete' ? 'small danger' : 'small'}
              disabled={!possible.has(name)}
              onClick={() => setAction(name)}
            >
              <Icon name={icon} />
              {actionWords[name].verb}
            </button>
          ))}
        </div>
      </section>
      {action !== undefined && <BulkDialog {...props} action={action} onClose={() => setAction(undefined)} />}
    </>
  );
}

/** Returns the names of the actions that at least one of the selected tasks allows now, or may allow. */
function usePossible(list: TaskList, selection: TaskSelection): ReadonlySet<string> {
  const { clock } = useDashboard();
  const names = useComputed(() => {
    // Tasks change, but following every change of thousands of them is not needed: each tick of the clock is enough.
    void clock.now.value;
    const possible = new Set<string>();
    for (const id of selection.ids.value) {
      const task = list.row(id)?.task.peek();
      if (task) for (const action of canDo(task)) possible.add(action);
    }
    // Only the possible statuses of the tasks that are not loaded are known, from the filter.
    if (selection.isAll.value && !list.isComplete.value) {
      for (const status of list.filter.status ?? taskStatuses)
        for (const action of mayDoIn(status)) possible.add(action);
    }
    return [...possible].join(' ');
  }).value;
  return new Set(names.split(' '));
}

function useEscape(action: () => void): void {
  useEffect(() => {
    const onKey = ({ key, defaultPrevented }: KeyboardEvent): void => {
      if (key === 'Escape' && !defaultPrevented && !document.querySelector('dialog[open]')) action();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [action]);
}
