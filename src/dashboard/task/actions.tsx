import { useState } from 'preact/hooks';
import type { ActionName, Task } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { EditTaskDialog } from '../forms/edit-task.tsx';
import { RetryTaskDialog } from '../forms/retry-task.tsx';
import { Icon, type IconName } from '../parts/icons.tsx';
import { type Doing, useDoing } from '../parts/use-doing.ts';
import { actionWords, canDo } from '../what-now.ts';
import { Confirm } from './confirm.tsx';
import type { TaskStore } from './store.ts';

type Simple = 'run-now' | 'pause' | 'resume' | 'cancel';

/** What is asked before it is done, or filled in. The task to edit stays as it was read, whatever happens meanwhile. */
type Asked =
  | { readonly what: 'cancel' | 'delete' | 'retry' }
  | { readonly what: 'edit'; readonly task: Task; readonly etag: string };

const icons: Readonly<Record<ActionName | 'edit', IconName>> = {
  'run-now': 'play',
  resume: 'play',
  pause: 'pause',
  retry: 'retry',
  edit: 'pencil',
  cancel: 'stop',
  delete: 'trash',
};

const order = ['retry', 'run-now', 'resume', 'pause', 'edit', 'cancel', 'delete'] as const;

export function Actions({ task, store }: { task: Task; store: TaskStore }) {
  const doing = useDoing();
  const [asked, setAsked] = useState<Asked>();
  const act = useActions(task, store, doing, setAsked);
  const can = canDo(task);
  return (
    <div class="actions task-actions">
      {order
        .filter((action) => can.has(action))
        .map((action) => (
          <button
            key={action}
            type="button"
            class={classOf(action, task)}
            disabled={doing.isBusy}
            onClick={() => act.begin(action)}
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
        <Dialogs asked={asked} task={task} doing={doing} act={act} onClose={() => setAsked(undefined)} />
      )}
    </div>
  );
}

/** What one most likely has come for stands out, where there is such a thing. */
function classOf(action: ActionName | 'edit', { status }: Task): string | undefined {
  if (action === 'delete') return 'danger';
  return action === 'resume' || (action === 'retry' && status !== 'COMPLETED') ? 'primary' : undefined;
}

function useActions(
  task: Task,
  store: TaskStore,
  doing: Doing,
  setAsked: (asked: Asked | undefined) => void,
) {
  const { client, messages, router } = useDashboard();
  const { tasks } = client;
  const calls = { 'run-now': tasks.runNow, pause: tasks.pause, resume: tasks.resume, cancel: tasks.cancel };

  const say = (action: Simple): void =>
    doing.run(async () => {
      store.take(await calls[action](task.id));
      setAsked(undefined);
      if (action !== 'cancel') messages.done(`The task is ${actionWords[action].done}.`);
    });

  const remove = (): void =>
    doing.run(async () => {
      await tasks.remove(task.id);
      messages.done(`“${task.name}” is deleted.`);
      router.go('/tasks');
    });

  const edit = (): void =>
    doing.run(async () => {
      // Read anew: the tag must be of the very state that is shown in the form.
      setAsked({ what: 'edit', ...(await tasks.getWithTag(task.id)) });
    });

  function begin(action: ActionName | 'edit'): void {
    if (action === 'edit') edit();
    else if (action === 'retry' || action === 'delete') setAsked({ what: action });
    else if (action === 'cancel' && task.status === 'RUNNING') setAsked({ what: 'cancel' });
    else say(action);
  }

  return {
    begin,
    cancel: () => say('cancel'),
    remove,
    done(changed: Task): void {
      store.take(changed);
      setAsked(undefined);
    },
  };
}

function Dialogs({
  asked,
  task,
  doing,
  act,
  onClose,
}: {
  asked: Asked;
  task: Task;
  doing: Doing;
  act: ReturnType<typeof useActions>;
  onClose: () => void;
}) {
  const { isBusy } = doing;
  switch (asked.what) {
    case 'edit':
      return <EditTaskDialog task={asked.task} etag={asked.etag} onClose={onClose} onDone={act.done} />;
    case 'retry':
      return <RetryTaskDialog task={task} onClose={onClose} onDone={act.done} />;
    case 'cancel':
      return (
        <Confirm
          title="Cancel the task?"
          verb="Cancel the task"
          isBusy={isBusy}
          onClose={onClose}
          onYes={act.cancel}
        >
          The attempt that runs is told to stop. What it has done already stays done.
        </Confirm>
      );
    case 'delete':
      return (
        <Confirm
          title="Delete the task?"
          verb="Delete the task"
          isBusy={isBusy}
          onClose={onClose}
          onYes={act.remove}
        >
          The task goes with its history, its result and all its runs. This cannot be undone.
        </Confirm>
      );
  }
}
