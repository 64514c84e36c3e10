import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ActionName, Task } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { EditTaskDialog } from '../forms/task/edit-task.tsx';
import { RetryTaskDialog } from '../forms/task/retry-task.tsx';
import type { Seen } from '../forms/task/use-basis.ts';
import { quoted } from '../format.ts';
import { explain } from '../page-messages.ts';
import { returnFocus } from '../parts/focus.ts';
import { Icon, type IconName } from '../parts/icons.tsx';
import { type Action, useAction } from '../parts/use-action.ts';
import { actionWords, canDo, hasEnded } from '../what-now.ts';
import { Confirm } from './confirm.tsx';
import type { TaskStore } from './store.ts';

type Simple = 'run-now' | 'pause' | 'resume' | 'cancel';

/**
 * The open dialog: a confirmation or a form. A form keeps the task as it was read, even if the task changes
 * in the meantime.
 */
type Asked =
  /** `failure`: why the action failed. */
  | { readonly what: 'cancel' | 'delete'; readonly failure?: string }
  | ({ readonly what: 'edit' | 'retry' } & Seen);

/** Text that follows the name of the task in a message. */
const doneWords: Readonly<Record<Simple, string>> = {
  'run-now': 'will run now',
  pause: 'was paused',
  resume: 'was resumed',
  cancel: 'is being cancelled',
};

const icons: Readonly<Record<ActionName | 'edit', IconName>> = {
  'run-now': 'bolt',
  resume: 'play',
  pause: 'pause',
  retry: 'retry',
  edit: 'pencil',
  cancel: 'stop',
  delete: 'trash',
};

/** Actions whose button disappears once they are done, each with the action whose button takes its place. */
const replacements: ReadonlyMap<string, string> = new Map([
  ['pause', 'resume'],
  ['resume', 'pause'],
]);

const order = ['retry', 'run-now', 'resume', 'pause', 'edit', 'cancel', 'delete'] as const;

export function Actions({ task, store }: { task: Task; store: TaskStore }) {
  const doing = useAction();
  const [asked, setAsked] = useState<Asked>();
  const act = useActions(task, store, doing, setAsked);
  const can = canDo(task);
  const element = useRef<HTMLDivElement>(null);
  const note = useFocusThatStays(element);
  return (
    <div class="actions task-actions" ref={element} onFocusCapture={note}>
      {order
        .filter((action) => can.has(action))
        .map((action) => (
          <button
            key={action}
            type="button"
            class={classOf(action, task)}
            data-action={action}
            // A disabled button would lose the focus.
            aria-disabled={doing.isBusy}
            onClick={() => !doing.isBusy && act.begin(action)}
          >
            <Icon name={icons[action]} />
            {action === 'edit' ? 'Edit' : actionWords[action].verb}
          </button>
        ))}
      <span class="task-links">
        <a href={`/tasks/new?from=${encodeURIComponent(task.id)}`}>
          <Icon name="copy" />
          Create another like this
        </a>
        {task.links.temporal !== undefined && (
          <a href={task.links.temporal} target="_blank" rel="noopener noreferrer">
            <Icon name="external" />
            Temporal Web UI<span class="visually-hidden"> (opens in a new tab)</span>
          </a>
        )}
      </span>
      {asked && (
        <Dialogs task={task} asked={asked} doing={doing} act={act} onClose={() => setAsked(undefined)} />
      )}
    </div>
  );
}

/**
 * Moves the focus to the replacement when the focused button disappears.
 * @returns a focus handler that notes the button.
 */
function useFocusThatStays(element: RefObject<HTMLElement | null>): (event: FocusEvent) => void {
  const last = useRef<HTMLElement>(undefined);
  useLayoutEffect(() => {
    const focused = last.current;
    if (!focused || focused.isConnected) return;
    last.current = undefined;
    const next = replacements.get(focused.dataset['action'] ?? '');
    returnFocus(element.current?.querySelector(`[data-action="${next}"]`) ?? null);
  });
  return ({ target }) => {
    if (target instanceof HTMLElement && target.dataset['action'] !== undefined) last.current = target;
  };
}

/** Highlights the action that the viewer most likely wants, if there is one, and marks deletion as dangerous. */
function classOf(action: ActionName | 'edit', { status }: Task): string | undefined {
  if (action === 'delete') return 'danger';
  return action === 'resume' || (action === 'retry' && status !== 'COMPLETED') ? 'primary' : undefined;
}

function useActions(
  task: Task,
  store: TaskStore,
  doing: Action,
  setAsked: (asked: Asked | undefined) => void,
) {
  const { client, messages, router } = useDashboard();
  const { tasks } = client;
  const calls = { 'run-now': tasks.runNow, pause: tasks.pause, resume: tasks.resume, cancel: tasks.cancel };

  /** Shows a failure in the dialog, from which messages at the edge of the page cannot be reached. */
  const failIn =
    (what: 'cancel' | 'delete') =>
    (error: unknown): void =>
      setAsked({ what, failure: explain(error) });

  const say = (action: Simple, onFailure?: (error: unknown) => void): void =>
    doing.run(async () => {
      store.take(await calls[action](task.id));
      setAsked(undefined);
      messages.done(`${quoted(task.name)} ${doneWords[action]}.`);
    }, onFailure);

  const remove = (): void =>
    doing.run(async () => {
      await tasks.remove(task.id);
      messages.done(`${quoted(task.name)} was deleted.`);
      router.go(router.list.peek());
    }, failIn('delete'));

  const fill = (what: 'edit' | 'retry'): void =>
    doing.run(async () => {
      // Read again: the ETag must belong to the exact state that the form shows.
      setAsked({ what, ...(await tasks.getWithTag(task.id)) });
    });

  function begin(action: ActionName | 'edit'): void {
    if (action === 'edit' || action === 'retry') fill(action);
    else if (action === 'delete') setAsked({ what: action });
    else if (action === 'cancel' && task.status === 'RUNNING') setAsked({ what: 'cancel' });
    else say(action);
  }

  return {
    begin,
    cancel: () => say('cancel', failIn('cancel')),
    remove,
    done(changed: Task): void {
      store.take(changed);
      setAsked(undefined);
    },
  };
}

function tooLateText(task: Task): string {
  return `${whyTooLate(task)} It can no longer be edited.`;
}

function whyTooLate(task: Task): string {
  if (hasEnded(task)) return 'The task has ended in the meantime.';
  if (task.status === 'RUNNING') return 'The task has started in the meantime.';
  return task.waiting?.reason === 'cancelling' ? 'The task is being cancelled.' : 'The task is stuck.';
}

function Dialogs({
  task,
  asked,
  doing,
  act,
  onClose,
}: {
  /** The task as it is now. */
  task: Task;
  asked: Asked;
  doing: Action;
  act: ReturnType<typeof useActions>;
  onClose: () => void;
}) {
  const { isBusy } = doing;
  switch (asked.what) {
    case 'edit':
      return (
        <EditTaskDialog
          task={asked.task}
          etag={asked.etag}
          tooLate={canDo(task).has('edit') ? undefined : tooLateText(task)}
          onClose={onClose}
          onDone={act.done}
        />
      );
    case 'retry':
      return <RetryTaskDialog task={asked.task} etag={asked.etag} onClose={onClose} onDone={act.done} />;
    case 'cancel':
      return (
        <Confirm
          title="Cancel this task?"
          verb="Cancel task"
          isBusy={isBusy}
          failure={asked.failure}
          onClose={onClose}
          onYes={act.cancel}
        >
          The running attempt is asked to stop. What it has already done is not undone.
        </Confirm>
      );
    case 'delete':
      return (
        <Confirm
          title="Delete this task?"
          verb="Delete task"
          isBusy={isBusy}
          failure={asked.failure}
          onClose={onClose}
          onYes={act.remove}
        >
          The task is deleted with its history, its result and all its runs. This cannot be undone.
        </Confirm>
      );
  }
}
