import { useEffect, useState } from 'preact/hooks';
import { type ActionName, type ActionResult, TaskbellError } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { plural } from '../format.ts';
import { explain } from '../messages.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Icon, type IconName } from '../parts/icons.tsx';
import { useDoing } from '../parts/use-doing.ts';
import { actionWords, canDo } from '../what-now.ts';
import type { TaskList } from './list.ts';
import type { TaskSelection } from './selection.ts';

const actions: readonly (readonly [ActionName, IconName])[] = [
  ['cancel', 'stop'],
  ['retry', 'retry'],
  ['pause', 'pause'],
  ['resume', 'play'],
  ['run-now', 'bell'],
  ['delete', 'trash'],
];

export interface BulkProps {
  readonly list: TaskList;
  readonly selection: TaskSelection;
  /** How many tasks the filter matches; undefined while that is not known. */
  readonly total: number | undefined;
  readonly onDone: () => void;
}

/** What can be done with the tasks that are ticked. */
export function BulkBar(props: BulkProps) {
  const { list, selection, total } = props;
  const [action, setAction] = useState<ActionName>();
  if (selection.isEmpty.value) return null;
  const { size } = selection.ids.value;
  const isAll = selection.isAll.value;
  const hasMore = size === list.ids.value.length && !list.isComplete.value;
  return (
    <>
      <section class="bulk-bar" aria-label="Selected tasks">
        <strong role="status">{isAll ? `All ${plural(total ?? size, 'task')}` : `${size} selected`}</strong>
        {hasMore && !isAll && total !== undefined && (
          <button type="button" class="link" onClick={selection.takeAll}>
            Select all {plural(total, 'task')} that match
          </button>
        )}
        <button type="button" class="icon-button" aria-label="Clear the selection" onClick={selection.clear}>
          <Icon name="cross" />
        </button>
        <div class="actions">
          {actions.map(([name, icon]) => (
            <button
              key={name}
              type="button"
              class={name === 'delete' ? 'small danger' : 'small'}
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

/** Asks how many tasks it would be about, then whether to do it, then tells what became of each. */
function BulkDialog({
  action,
  list,
  selection,
  onDone,
  onClose,
}: BulkProps & { action: ActionName; onClose: () => void }) {
  const { client, messages, session } = useDashboard();
  const [asked] = useState(() => selection.asked());
  const [matched, setMatched] = useState<number>();
  const [failure, setFailure] = useState<string>();
  const [refused, setRefused] = useState<readonly ActionResult[]>();
  const { isBusy, run } = useDoing();
  const { verb, done, warning } = actionWords[action];

  useEffect(() => {
    const leaving = new AbortController();
    client.tasks.countFor(action, asked, { signal: leaving.signal }).then(setMatched, (error: unknown) => {
      if (leaving.signal.aborted) return;
      if (error instanceof TaskbellError && error.status === 401) session.expired();
      setFailure(explain(error));
    });
    return () => leaving.abort();
  }, [client, action, asked, session]);

  const act = async (): Promise<void> => {
    const results = await client.tasks.act(action, asked);
    for (const result of results) if ('task' in result && result.task) list.take(result.task);
    onDone();
    const failed = results.filter(({ status }) => status >= 300);
    const succeeded = results.length - failed.length;
    if (succeeded > 0) messages.done(`${plural(succeeded, 'task')} ${done}.`);
    if (failed.length > 0) {
      setRefused(failed);
      return;
    }
    selection.clear();
    onClose();
  };

  const title = `${verb} ${matched === undefined ? 'tasks' : plural(matched, 'task')}`;
  return (
    <Dialog title={refused ? 'Not all of it was done' : `${title}?`} onClose={onClose}>
      {refused ? (
        <Refused results={refused} list={list} />
      ) : (
        <div aria-live="polite">
          {failure !== undefined && <p class="problem">{failure}</p>}
          {failure === undefined && matched === undefined && <p class="quiet">Counting…</p>}
          {matched !== undefined && <Consequences action={action} list={list} selection={selection} />}
          {warning !== undefined && matched !== undefined && <p>{warning}</p>}
        </div>
      )}
      <footer class="dialog-foot">
        <button type="button" onClick={onClose}>
          {refused ? 'Close' : 'Leave it'}
        </button>
        {!refused && (
          <button
            type="button"
            class={action === 'delete' ? 'danger' : 'primary'}
            disabled={isBusy || matched === undefined || matched === 0}
            onClick={() => run(act, (error) => setFailure(explain(error)))}
          >
            {isBusy ? 'Under way…' : title}
          </button>
        )}
      </footer>
    </Dialog>
  );
}

function Consequences({
  action,
  list,
  selection,
}: Pick<BulkProps, 'list' | 'selection'> & { action: ActionName }) {
  if (selection.isAll.value) {
    return (
      <p>Of all tasks that match the filter, those whose state does not allow it are left as they are.</p>
    );
  }
  const tasks = [...selection.ids.value].flatMap((id) => list.row(id)?.task.value ?? []);
  const able = tasks.filter((task) => canDo(task).has(action)).length;
  if (able === tasks.length) return null;
  return (
    <p>
      {plural(tasks.length - able, 'of them is', 'of them are')} in a state that does not allow it, and left
      as
      {tasks.length - able === 1 ? ' it is' : ' they are'}.
    </p>
  );
}

const refusedShown = 20;

function Refused({ results, list }: { results: readonly ActionResult[]; list: TaskList }) {
  return (
    <>
      <p>{plural(results.length, 'task was', 'tasks were')} refused:</p>
      <ul class="refused">
        {results.slice(0, refusedShown).map((result) => (
          <li key={result.id}>
            <a href={`/tasks/${result.id}`}>{list.row(result.id)?.task.value.name ?? result.id}</a>
            {'detail' in result ? `: ${result.detail}` : ''}
          </li>
        ))}
        {results.length > refusedShown && <li>and {results.length - refusedShown} more</li>}
      </ul>
    </>
  );
}
