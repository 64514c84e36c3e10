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

/** What there is for whoever looks at the page. */
export interface Shell {
  readonly router: Router;
  readonly session: Session;
  readonly clock: Clock;
  readonly theme: Theme;
  /** What an account was filling in when its session ended, by account and place; in memory alone. */
  readonly drafts: Map<string, unknown>;
  /** Of the account that is signed in; undefined while none is. */
  readonly work: ReadonlySignal<Work | undefined>;
}

/**
 * What there is for somebody who has signed in, and for nobody after them: what comes too late for an account is said
 * where it is not seen, and asks for nothing in the name of the next one.
 */
export interface Work {
  readonly account: Account;
  readonly live: Live;
  readonly kept: KeptList;
  readonly messages: Messages;
  readonly client: Client;
}

/** What pages use. */
export type Dashboard = Shell & Pick<Work, 'messages' | 'client'>;

export function createShell(window: Window & typeof globalThis): Shell {
  // First of all: it takes a sign-in link out of the address before anything else can keep it.
  const session = createSession(window);
  const router = createRouter(window);
  const account = computed(() =>
    session.state.value.status === 'signed-in' ? session.state.value.account : undefined,
  );
  const work = signal<Work | undefined>(undefined);
  effect(() => {
    if (!account.value) return undefined;
    const next = createWork(account.value, session);
    work.value = next;
    return () => {
      work.value = undefined;
      next.kept.close();
      next.live.close();
    };
  });
  effect(() => {
    const problem = session.linkProblem.value;
    if (problem !== undefined) work.peek()?.messages.failed(problem);
  });
  void session.begin();
  const clock = createClock(session.skewMs);
  return { router, session, clock, theme: createTheme(window), drafts: new Map(), work };
}

function createWork(account: Account, session: Session): Work {
  const csrfToken = (): string => session.csrfTokenOf(account);
  const client = createClient({ url: globalThis.location.origin, csrfToken, fetch: session.fetch });
  const onRefused = (): void => session.expired();
  const isThere = async (signal: AbortSignal): Promise<boolean> =>
    (await session.fetch('/healthz', { signal, cache: 'no-store' }).catch(() => undefined))?.ok ?? false;
  const live = createLive({ tasks: client.tasks, onRefused, isThere });
  return { account, live, kept: createKeptList(live.returns), client, messages: createMessages() };
}

const ShellContext = createContext<Shell | undefined>(undefined);
const WorkContext = createContext<Work | undefined>(undefined);
export const ShellProvider = ShellContext.Provider;
export const WorkProvider = WorkContext.Provider;

export function useShell(): Shell {
  return required(useContext(ShellContext));
}

/** For pages that only somebody who has signed in sees. */
export function useDashboard(): Dashboard {
  const { messages, client } = useWork();
  return { ...useShell(), messages, client };
}

/** As {@link useDashboard}. */
export function useWork(): Work {
  return required(useContext(WorkContext));
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('used outside of its provider');
  return value;
}
