/**
 * Who looks at the page. loading → anonymous ⇄ signed in; unreachable while the service does not answer.
 *
 * What proves it is a cookie that no script can read; the token against forged requests is kept in memory alone. The
 * cookie is the whole browser's: another tab may have changed it, so whatever suggests that leads to a look at it. All
 * that reads or changes it happens one after another, or an answer that comes late would undo a newer one.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import { errorOf, TaskbellError } from '../client/errors.ts';
import { type Account, answerIn, type SessionAnswer } from './session-answer.ts';
import { createSkew } from './skew.ts';

export type { Account } from './session-answer.ts';

export type SessionState =
  | { readonly status: 'loading' }
  | { readonly status: 'unreachable'; readonly detail: string }
  /** `detail`: why somebody has to sign in again. */
  | { readonly status: 'anonymous'; readonly detail?: string }
  | { readonly status: 'signed-in'; readonly account: Account; readonly csrfToken: string };

export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly link: string };

export interface Session {
  readonly state: ReadonlySignal<SessionState>;
  /** The service's clock less the browser's, in milliseconds. */
  readonly skewMs: ReadonlySignal<number>;
  /** Why a sign-in link was of no use, where somebody is signed in all the same. */
  readonly linkProblem: ReadonlySignal<string | undefined>;
  /** For all other requests: notices what their answers tell of the session and of the time. */
  readonly fetch: typeof globalThis.fetch;
  /** Finds out who is signed in; by the link in the address, where there is one. Never throws: `state` tells. */
  begin(): Promise<void>;
  /** @throws TaskbellError */
  signIn(credentials: Credentials): Promise<void>;
  /** @throws TaskbellError */
  signOut(): Promise<void>;
  /** The token of an account's session; none once somebody else is signed in. */
  csrfTokenOf(account: Account): string;
  /** The service has refused the cookie, or the one before it. */
  expired(): void;
}

const path = '/api/session/';
const csrfHeader = 'X-CSRF-Token';
const linkPrefix = '#sign-in=';
const timeoutMs = 15_000;

export function createSession(window: Window & typeof globalThis): Session {
  const { location, history, document, fetch } = window;
  const state = signal<SessionState>({ status: 'loading' });
  const linkProblem = signal<string>();
  const skew = createSkew();
  /** Whose the tokens are that this page has had. */
  const owners = new Map<string, string>();
  const others = new BroadcastChannel('taskbell.session');
  const inTurn = createTurns();
  /** From an address; kept until it is known what it is good for. */
  let link = takeLink(location, history);
  let nextLook: Promise<void> | undefined;

  async function ask(method: string, more: RequestInit = {}): Promise<SessionAnswer | undefined> {
    let response: Response;
    try {
      response = await fetch(path, { method, ...more, signal: AbortSignal.timeout(timeoutMs) });
    } catch (cause) {
      throw new TaskbellError('Taskbell cannot be reached', { status: 0, code: 'unreachable', cause });
    }
    skew.learn(response);
    if (!response.ok) throw await errorOf(response);
    return response.status === 204 ? undefined : answerIn(response);
  }

  function enter(answer: SessionAnswer | undefined): void {
    if (!answer) return;
    const [{ account, csrfToken }, before] = [answer, state.peek()];
    owners.set(csrfToken, account.id);
    // The same account is the same object, or all that is shown would be made anew.
    const isSame = before.status === 'signed-in' && isEqual(before.account, account);
    state.value = { status: 'signed-in', account: isSame ? before.account : account, csrfToken };
  }

  function tellOthers(): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has but one origin
    others.postMessage('another session');
  }

  /** Whose the cookie is by now. Where there is no answer, all stays as it is. */
  async function look(): Promise<void> {
    try {
      enter(await ask('GET'));
    } catch (error) {
      if (!(error instanceof TaskbellError && error.status === 401)) return;
      if (state.peek().status !== 'signed-in') return;
      state.value = { status: 'anonymous', detail: 'Your session has ended. Sign in again to go on.' };
    }
  }

  /** One look is enough for all that ask before it begins. */
  function lookInTurn(): Promise<void> {
    nextLook ??= inTurn(() => {
      nextLook = undefined;
      return look();
    });
    return nextLook;
  }

  async function post(credentials: Credentials): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    enter(await ask('POST', { headers, body: JSON.stringify(credentials) }));
    tellOthers();
  }

  async function redeem(given: string): Promise<void> {
    linkProblem.value = undefined;
    try {
      await post({ link: given });
    } catch (error) {
      const { status, message } = asTaskbellError(error);
      if (!isPassing(status)) {
        // Somebody may be signed in without it.
        enter(await ask('GET').catch(() => undefined));
        if (state.peek().status === 'signed-in') linkProblem.value = message;
        else state.value = { status: 'anonymous', detail: message };
        link = undefined;
        return;
      }
      throw error;
    }
    link = undefined;
  }

  async function start(): Promise<void> {
    try {
      await (link === undefined ? ask('GET').then(enter) : redeem(link));
    } catch (error) {
      const { status, message } = asTaskbellError(error);
      state.value = isPassing(status) ? { status: 'unreachable', detail: message } : { status: 'anonymous' };
    }
  }

  async function leave(account: Account): Promise<void> {
    const end = () => ask('DELETE', { headers: { [csrfHeader]: csrfTokenOf(account) } });
    try {
      await end().catch(async (error: unknown) => {
        if (!isForged(error)) throw error;
        await look();
        // Somebody else's session is not to be ended.
        if (csrfTokenOf(account) !== '') await end();
      });
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TaskbellError && error.status === 401)) throw error;
    }
    if (csrfTokenOf(account) !== '') state.value = { status: 'anonymous' };
    tellOthers();
  }

  function csrfTokenOf({ id }: Account): string {
    const current = state.peek();
    return current.status === 'signed-in' && current.account.id === id ? current.csrfToken : '';
  }

  const watchedFetch: typeof globalThis.fetch = async (input, init) => {
    const response = await fetch(input, init);
    skew.learn(response);
    const sent = new Headers(init?.headers).get(csrfHeader);
    if (sent === null || response.status !== 403 || !isForged(await errorOf(response.clone())))
      return response;
    await lookInTurn();
    const current = state.peek();
    // Nothing has been done: the same account may ask again. Nobody else, and not in vain.
    if (current.status !== 'signed-in' || current.csrfToken === sent) return response;
    if (owners.get(sent) !== current.account.id) return response;
    const headers = new Headers(init?.headers);
    headers.set(csrfHeader, current.csrfToken);
    return fetch(input, { ...init, headers });
  };

  others.addEventListener('message', () => void lookInTurn());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && state.peek().status === 'signed-in') void lookInTurn();
  });
  // A link that is put into the address of a page that is open loads nothing.
  window.addEventListener('hashchange', () => {
    const taken = takeLink(location, history);
    if (taken === undefined) return;
    link = taken;
    void inTurn(start);
  });

  return {
    state,
    skewMs: skew.skewMs,
    linkProblem,
    fetch: watchedFetch,
    begin: () => inTurn(start),
    signIn: (credentials) => inTurn(() => post(credentials)),
    async signOut() {
      const current = state.peek();
      if (current.status === 'signed-in') await inTurn(() => leave(current.account));
    },
    csrfTokenOf,
    expired() {
      if (state.peek().status === 'signed-in') void lookInTurn();
    },
  };
}

/** Lets each begin when the one before is over. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    // Whoever has asked hears of the failure.
    last = result.catch(() => undefined);
    return result;
  };
}

/** A sign-in link's secret, which must not stay in the address. */
function takeLink(location: Location, history: History): string | undefined {
  if (!location.hash.startsWith(linkPrefix)) return undefined;
  const link = location.hash.slice(linkPrefix.length);
  history.replaceState(null, '', location.pathname + location.search);
  return link;
}

function isEqual(one: Account, other: Account): boolean {
  return one.id === other.id && one.name === other.name && one.role === other.role;
}

function isForged(error: unknown): boolean {
  return error instanceof TaskbellError && error.code === 'csrf_failed';
}

/** Whether it says nothing of who is signed in. */
function isPassing(status: number): boolean {
  return status === 0 || status >= 500;
}

function asTaskbellError(error: unknown): TaskbellError {
  if (error instanceof TaskbellError) return error;
  return new TaskbellError('Taskbell cannot be reached', { status: 0, code: 'unreachable', cause: error });
}
