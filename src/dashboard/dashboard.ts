/** Objects that the parts of the app share, each created once. */
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { type Client, createClient } from '../client/index.ts';
import { type Clock, createClock } from './clock.ts';
import { createLive, type Live } from './live.ts';
import { createMessages, type Messages } from './page-messages.ts';
import { createRouter, type Router } from './router.ts';
import { type Account, createSession, type Session } from './session.ts';
import { createTheme, type Theme } from './theme.ts';

/** Objects for every viewer of the page, signed in or not. */
export interface Shell {
  readonly router: Router;
  readonly session: Session;
  readonly clock: Clock;
  readonly theme: Theme;
  /**
   * Forms that an account had filled in when it left them or its session ended, by account and place. Kept in memory
   * only, until the account signs out.
   */
  readonly drafts: Map<string, unknown>;
  /** The objects of the signed-in account; undefined while no account is signed in. */
  readonly work: ReadonlySignal<Work | undefined>;
}

/**
 * Objects of one signed-in account; the next account gets new ones. So a late response for one account shows
 * no message to the next, and causes no request in its name.
 */
export interface Work {
  readonly account: Account;
  readonly live: Live;
  readonly messages: Messages;
  readonly client: Client;
}

/** The objects that pages use. */
export type Dashboard = Shell & Pick<Work, 'messages' | 'client'>;

export function createShell(window: Window & typeof globalThis): Shell {
  // Created first: it removes a sign-in link from the address before anything else can store it.
  const session = createSession(window);
  const router = createRouter(window);
  const account = computed(() =>
    session.state.value.status === 'signed-in' ? session.state.value.account : undefined,
  );
  const work = signal<Work | undefined>(undefined);
  effect(() => {
    router.forgetList();
    if (!account.value) return undefined;
    const next = createWork(account.value, session);
    work.value = next;
    return () => {
      work.value = undefined;
      next.live.close();
    };
  });
  effect(() => {
    const problem = session.linkProblem.value;
    if (problem !== undefined) work.peek()?.messages.failed(problem);
  });
  void session.begin();
  const clock = createClock(session.skewMs);
  const drafts = new Map<string, unknown>();
  effect(() => {
    if (session.hasSignedOut.value) drafts.clear();
  });
  return { router, session, clock, theme: createTheme(window), drafts, work };
}

function createWork(account: Account, session: Session): Work {
  const csrfToken = (): string => session.csrfTokenOf(account);
  const client = createClient({ url: globalThis.location.origin, csrfToken, fetch: session.fetch });
  const onForbidden = (): void => session.expired();
  const isThere = async (signal: AbortSignal): Promise<boolean> =>
    (await session.fetch('/healthz', { signal, cache: 'no-store' }).catch(() => undefined))?.ok ?? false;
  const live = createLive({ tasks: client.tasks, onForbidden, isThere });
  return { account, live, client, messages: createMessages() };
}

const ShellContext = createContext<Shell | undefined>(undefined);
const WorkContext = createContext<Work | undefined>(undefined);
export const ShellProvider = ShellContext.Provider;
export const WorkProvider = WorkContext.Provider;

export function useShell(): Shell {
  return required(useContext(ShellContext));
}

/** Returns the shared objects, for pages that are shown only to a signed-in account. */
export function useDashboard(): Dashboard {
  const { messages, client } = useWork();
  return { ...useShell(), messages, client };
}

/** Returns the account's objects, for pages that are shown only to a signed-in account. */
export function useWork(): Work {
  return required(useContext(WorkContext));
}

/** Returns the value of a context. @throws if the component is not inside its provider. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('used outside its provider');
  return value;
}
