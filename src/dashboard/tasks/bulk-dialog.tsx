import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ActionName, ActionResult } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { count, plural, sentence } from '../format.ts';
import { explain } from '../page-messages.ts';
import { Dialog } from '../parts/dialog.tsx';
import { actionWords, canDo } from '../what-now.ts';
import { actInParts, countThem, idsMatching } from './bulk-work.ts';
import type { TaskList } from './list.ts';
import type { TaskSelection } from './selection.ts';

export interface BulkProps {
  readonly list: TaskList;
  readonly selection: TaskSelection;
  /** How many tasks the filter matches; undefined while that is not known. */
  readonly total: number | undefined;
  readonly onDone: () => void;
}

interface Outcome {
  readonly done: number;
  readonly rejected: readonly ActionResult[];
  /** Why the work ended before all tasks were processed. */
  readonly stoppedBy?: string;
}

/** counting → asking → in progress (can be stopped) → a report, if not all tasks were changed. */
export function BulkDialog(props: BulkProps & { action: ActionName; onClose: () => void }) {
  const { action, list, selection, onDone, onClose } = props;
  const { messages } = useDashboard();
  const { ids, matched, failure } = useCounted(props);
  const work = useBulkWork(props);
  const { verb, done, warning } = actionWords[action];
  // The state at the time of the count: the question must not change while the user reads it.
  const able = useMemo(
    () => (matched === undefined || selection.isAll.peek() ? ids : ableOf(list, ids, action)),
    [ids, matched],
  );
  // Until they are counted, as many as the tabs of the list say.
  const number = selection.isAll.peek() && matched === undefined ? props.total : able.length;
  const many = number === undefined ? 'all matching tasks' : plural(number, 'task');

  const act = async (): Promise<void> => {
    const outcome = await work.run(able);
    onDone();
    if (outcome.done > 0) messages.done(`${plural(outcome.done, 'task')} ${done}.`);
    if (outcome.rejected.length > 0 || outcome.stoppedBy !== undefined) return;
    selection.clear();
    onClose();
  };

  const close = work.isBusy ? work.stop : onClose;
  return (
    <Dialog title={work.outcome ? 'Some actions were not completed' : `${verb} ${many}?`} onClose={close}>
      <div aria-live="polite" class="bulk-words">
        {failure !== undefined && <p class="problem">{failure}</p>}
        {failure === undefined && matched === undefined && <p class="quiet">Counting…</p>}
        {work.outcome && <Report outcome={work.outcome} list={list} />}
        {!work.outcome && matched !== undefined && (
          <Consequences able={able.length} all={matched} {...props} />
        )}
        {!work.outcome && warning !== undefined && able.length > 0 && <p>{warning}</p>}
      </div>
      {work.isBusy && <progress max={able.length} value={work.acted} aria-label="Progress" />}
      <footer class="dialog-foot">
        <button type="button" onClick={close}>
          {work.isBusy ? 'Stop' : work.outcome ? 'Close' : 'Back'}
        </button>
        {!work.outcome && (
          <button
            type="button"
            class={action === 'delete' ? 'danger' : 'primary'}
            disabled={work.isBusy || matched === undefined || able.length === 0}
            onClick={() => void act()}
          >
            {work.isBusy ? `${count(work.acted)} of ${count(able.length)}…` : `${verb} ${many}`}
          </button>
        )}
      </footer>
    </Dialog>
  );
}

/** Finds the tasks that the action would be applied to, and how many of them exist. */
function useCounted({ action, list, selection }: BulkProps & { action: ActionName }) {
  const { client } = useDashboard();
  const [state, setState] = useState<{ ids: readonly string[]; matched?: number; failure?: string }>({
    ids: selection.isAll.peek() ? [] : [...selection.ids.peek()],
  });
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const find = async (): Promise<void> => {
      if (selection.isAll.peek()) {
        const ids = await idsMatching(client.tasks, list.filter, signal);
        setState({ ids, matched: ids.length });
        return;
      }
      const ids = [...selection.ids.peek()];
      setState({ ids, matched: await countThem(client.tasks, action, ids, signal) });
    };
    find().catch((error: unknown) => {
      if (signal.aborted) return;
      setState((before) => ({ ...before, failure: explain(error) }));
    });
    return () => leaving.abort();
  }, [client, action, list, selection]);
  return state;
}

function useBulkWork({ action, list }: BulkProps & { action: ActionName }) {
  const { client } = useDashboard();
  const [isBusy, setBusy] = useState(false);
  const [acted, setActed] = useState(0);
  const [outcome, setOutcome] = useState<Outcome>();
  const isStopped = useRef(false);

  async function run(ids: readonly string[]): Promise<Outcome> {
    setBusy(true);
    const all: ActionResult[] = [];
    let stoppedBy: string | undefined;
    try {
      for await (const results of actInParts(client.tasks, action, ids)) {
        all.push(...results);
        for (const result of results) if ('task' in result && result.task) list.take(result.task);
        setActed(all.length);
        if (isStopped.current && all.length < ids.length)
          stoppedBy = 'Stopped before all tasks were processed.';
        if (stoppedBy !== undefined) break;
      }
    } catch (error) {
      stoppedBy = `${sentence(explain(error))} It is not known which of the last tasks were changed.`;
    }
    const rejected = all.filter(({ status }) => status >= 300);
    const result = {
      done: all.length - rejected.length,
      rejected,
      ...(stoppedBy === undefined ? {} : { stoppedBy }),
    };
    setBusy(false);
    if (rejected.length > 0 || stoppedBy !== undefined) setOutcome(result);
    return result;
  }

  return {
    isBusy,
    acted,
    outcome,
    run,
    stop(): void {
      isStopped.current = true;
    },
  };
}

/** Returns the selected tasks whose state allows the action, as far as the page can know. */
function ableOf(list: TaskList, ids: readonly string[], action: ActionName): readonly string[] {
  return ids.filter((id) => {
    const task = list.row(id)?.task.peek();
    return !task || canDo(task).has(action);
  });
}

function Consequences({
  able,
  all,
  action,
  selection,
}: BulkProps & { action: ActionName; able: number; all: number }) {
  if (selection.isAll.peek()) {
    return <p>Tasks whose state does not allow this are left unchanged.</p>;
  }
  const { verb } = actionWords[action];
  if (able === 0) return <p>“{verb}” is not available for any of the selected tasks now.</p>;
  const others = all - able;
  if (others <= 0) return null;
  return (
    <p>
      {plural(others, 'other selected task')} {others === 1 ? 'is' : 'are'} in a state that does not allow
      this and will be left unchanged.
    </p>
  );
}

const rejectedShown = 20;

function Report({ outcome: { done, rejected, stoppedBy }, list }: { outcome: Outcome; list: TaskList }) {
  return (
    <>
      {stoppedBy !== undefined && <p class="problem">{stoppedBy}</p>}
      <p>
        Succeeded for {plural(done, 'task')}
        {rejected.length > 0 && `, rejected for ${plural(rejected.length, 'task')}:`}
      </p>
      <ul class="rejected">
        {rejected.slice(0, rejectedShown).map((result) => (
          <li key={result.id}>
            <a href={`/tasks/${result.id}`}>{list.row(result.id)?.task.peek().name ?? result.id}</a>
            {'detail' in result ? `: ${result.detail}` : ''}
          </li>
        ))}
        {rejected.length > rejectedShown && <li>and {count(rejected.length - rejectedShown)} more</li>}
      </ul>
    </>
  );
}
