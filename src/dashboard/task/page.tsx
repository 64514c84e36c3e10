import type { ComponentChildren } from 'preact';
import type { Task } from '../../client/index.ts';
import { useDashboard, useWork } from '../dashboard.ts';
import { sentence } from '../format.ts';
import { Icon } from '../parts/icons.tsx';
import { Status } from '../parts/status.tsx';
import { useTitle } from '../parts/title.ts';
import { useResource } from '../parts/use-resource.ts';
import { Actions } from './actions.tsx';
import { Attempts } from './attempts.tsx';
import { Facts } from './facts.tsx';
import { HistoryList } from './history-list.tsx';
import { Now } from './now.tsx';
import { Payload } from './payload.tsx';
import { Result } from './result.tsx';
import { createLiveTask, type TaskStore } from './store.ts';
import { Summary } from './summary.tsx';
import { Timeline } from './timeline-view.tsx';

export function TaskPage({ id }: { id: string }) {
  const store = useTaskStore(id);
  const task = store?.task.value;
  const { router } = useDashboard();
  const heading = headingOf(store, task);
  useTitle(heading);
  return (
    <section class="page task" aria-busy={!store || store.phase.value === 'loading'}>
      <header class="task-head">
        <a class="task-back" href={router.list.value}>
          <Icon name="left" />
          Tasks
        </a>
        <div class="task-title">
          <h1 tabIndex={-1} dir="auto">
            {heading}
          </h1>
          {task && store?.phase.value === 'shown' && <Status task={task} />}
        </div>
        {task && <Summary task={task} />}
        {store && task && store.phase.value === 'shown' && <Actions task={task} store={store} />}
      </header>
      {store && <Body store={store} id={id} />}
    </section>
  );
}

function useTaskStore(id: string): TaskStore | undefined {
  const { client } = useDashboard();
  const { live } = useWork();
  return useResource(
    () =>
      createLiveTask({
        id,
        tasks: client.tasks,
        returns: live.returns,
        isVisible: () => document.visibilityState === 'visible',
      }),
    [id, client, live],
  );
}

function headingOf(store: TaskStore | undefined, task: Task | undefined): string {
  if (task) return task.name;
  return store?.phase.value === 'missing' ? 'Task not found' : 'Task';
}

function Body({ store, id }: { store: TaskStore; id: string }) {
  const task = store.task.value;
  const problem = store.problem.value;
  const phase = store.phase.value;
  // What the page shows is then known to be old: its frame says so, and reads it again by itself.
  const isLost = useWork().live.connection.value === 'lost' && task !== undefined;
  if (phase === 'missing') return <Missing id={id} />;
  if (phase === 'deleted') return <Deleted />;
  return (
    <>
      <div role="alert">
        {problem !== undefined && !isLost && (
          <Problem text={problem} isOld={task !== undefined}>
            <button type="button" class="small" onClick={() => store.reload()}>
              Try again
            </button>
          </Problem>
        )}
      </div>
      {task && <Parts task={task} store={store} />}
      {phase === 'loading' && <p class="empty">Loading the task…</p>}
    </>
  );
}

function Parts({ task, store }: { task: Task; store: TaskStore }) {
  const history = store.history.value;
  return (
    <>
      <Now task={task} history={history} />
      <Timeline task={task} history={history} />
      <div class="task-columns">
        <div class="task-column">
          <Result task={task} />
          <Attempts task={task} history={history} />
          <Payload task={task} />
        </div>
        <div class="task-column">
          <Facts task={task} history={history} />
          <HistoryList history={history} />
        </div>
      </div>
    </>
  );
}

function Problem({ text, isOld, children }: { text: string; isOld: boolean; children: ComponentChildren }) {
  return (
    <div class="problem task-problem">
      <p>{isOld ? `${sentence(text)} This page may be out of date.` : text}</p>
      {children}
    </div>
  );
}

function Missing({ id }: { id: string }) {
  return (
    <div class="card empty">
      <p>
        There is no task with the ID <code>{id}</code>, or you do not have access to it. It may have been
        deleted, or have ended too long ago to be kept.
      </p>
      <a class="button" href="/tasks">
        Go to tasks
      </a>
    </div>
  );
}

function Deleted() {
  const { router } = useDashboard();
  return (
    <div class="card empty" role="alert">
      <p>This task has been deleted.</p>
      <a class="button" href={router.list.value}>
        Go to tasks
      </a>
    </div>
  );
}
