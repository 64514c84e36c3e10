/** What the parts of the app share, made once. */
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { type Client, createClient } from '../client/index.ts';
import { type Clock, createClock } from './clock.ts';
import { createLive, type Live } from './live.ts';
import { createMessages, type Messages } from './messages.ts';
import { createRouter, type Router } from './router.ts';
import { type Account, createSession, type Session } from './session.ts';
import { createKeptList, type KeptList } from './tasks/kept.ts';
import { createTheme, type Theme } from './theme.ts';

export interface Dashboard {
  readonly router: Router;
  readonly session: Session;
  readonly clock: Clock;
  readonly messages: Messages;
  readonly theme: Theme;
  readonly client: Client;
  /** What an account was filling in when its session ended, by account and place; in memory alone. */
  readonly drafts: Map<string, unknown>;
  /** Of the account that is signed in; undefined while none is. */
  readonly work: ReadonlySignal<Work | undefined>;
}

/** What there is for somebody who has signed in. */
export interface Work {
  readonly account: Account;
  readonly live: Live;
  readonly kept: KeptList;
}

export function createDashboard(window: Window & typeof globalThis): Dashboard {
  const router = createRouter(window);
  const session = createSession(window);
  const csrfToken = (): string => {
    const state = session.state.peek();
    return state.status === 'signed-in' ? state.csrfToken : '';
  };
  const client = createClient({ url: window.location.origin, csrfToken });
  const account = computed(() =>
    session.state.value.status === 'signed-in' ? session.state.value.account : undefined,
  );
  const work = signal<Work | undefined>(undefined);
  effect(() => {
    if (!account.value) return undefined;
    const live = createLive({ tasks: client.tasks, onRefused: () => session.expired() });
    const kept = createKeptList(live.returns);
    work.value = { account: account.value, live, kept };
    return () => {
      work.value = undefined;
      kept.close();
      live.close();
    };
  });
  void session.begin();
  const clock = createClock(session.skewMs);
  return {
    router,
    session,
    clock,
    messages: createMessages(),
    theme: createTheme(window),
    client,
    drafts: new Map(),
    work,
  };
}

const DashboardContext = createContext<Dashboard | undefined>(undefined);
const WorkContext = createContext<Work | undefined>(undefined);
export const DashboardProvider = DashboardContext.Provider;
export const WorkProvider = WorkContext.Provider;

export function useDashboard(): Dashboard {
  return required(useContext(DashboardContext));
}

/** For pages that only somebody who has signed in sees. */
export function useWork(): Work {
  return required(useContext(WorkContext));
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('used outside of its provider');
  return value;
}
