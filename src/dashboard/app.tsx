import { useEffect, useRef } from 'preact/hooks';
import { type Shell, ShellProvider, useShell, WorkProvider } from './dashboard.ts';
import { Frame } from './frame.tsx';
import { OverviewPage } from './overview/page.tsx';
import { MessageList } from './parts/message-list.tsx';
import { placeOf } from './router.ts';
import { ElsewherePage, SignInPage, UnreachablePage } from './sign-in.tsx';
import { NewTaskPage } from './forms/task/new-task.tsx';
import { TaskPage } from './task/page.tsx';
import { ListKeeper } from './tasks/kept.tsx';
import { TasksPage } from './tasks/page.tsx';

export function App({ shell }: { shell: Shell }) {
  return (
    <ShellProvider value={shell}>
      <Gate />
    </ShellProvider>
  );
}

/** Chooses what to show from the state of the session. */
function Gate() {
  const { session, work } = useShell();
  const state = session.state.value;
  if (state.status === 'loading') return <main class="alone" aria-busy="true" />;
  if (state.status === 'unreachable') return <UnreachablePage detail={state.detail} />;
  if (state.status === 'elsewhere') return <ElsewherePage />;
  if (state.status === 'anonymous' || !work.value) return <SignInPage />;
  const { id, role } = work.value.account;
  // The key remounts all pages when the account changes, so that none of their state is carried over.
  return (
    <WorkProvider key={`${role} ${id}`} value={work.value}>
      <ListKeeper>
        <Frame>
          <Page />
        </Frame>
      </ListKeeper>
      <MessageList />
    </WorkProvider>
  );
}

function Page() {
  const { router } = useShell();
  const place = placeOf(router.url.value);
  useFocusOfNewPage(place.page === 'task' ? place.id : place.page);
  switch (place.page) {
    case 'overview':
      return <OverviewPage />;
    case 'tasks':
      return <TasksPage />;
    case 'new-task':
      return <NewTaskPage />;
    case 'task':
      return <TaskPage key={place.id} id={place.id} />;
    case 'nowhere':
      return (
        <section class="page">
          <h1 tabIndex={-1}>Page not found</h1>
          <p>
            <a href="/">Go to overview</a>
          </p>
        </section>
      );
  }
}

/** Focuses the heading of a new page, where screen readers and keyboard users start after a navigation. */
function useFocusOfNewPage(page: string): void {
  const before = useRef(page);
  useEffect(() => {
    if (before.current === page) return;
    before.current = page;
    document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
  }, [page]);
}
