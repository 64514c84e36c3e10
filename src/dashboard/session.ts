/**
 * The session of the viewer. loading → anonymous ⇄ signed in; unreachable while the service does not answer; elsewhere
 * if an identity provider has the accounts.
 *
 * The session is proven by a cookie that no script can read; the CSRF token is kept in memory only. The
 * cookie belongs to the whole browser: another tab may have changed it, so any sign of that leads to a check.
 * Requests that read or change the cookie run one after another; otherwise a late response would undo a newer
 * one.
 */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { errorOf, TaskbellError } from '../client/errors.ts';
import { type Account, answerIn, type SessionAnswer } from './session-answer.ts';
import { knownSession } from './known-session.ts';
import { createSessionFetch, csrfHeader, isForged, isUnauthenticated } from './session-fetch.ts';
import { createSkew } from './skew.ts';

export type { Account } from './session-answer.ts';

export type SessionState =
  | { readonly status: 'loading' }
  | { readonly status: 'unreachable'; readonly detail: string }
  | { readonly status: 'elsewhere' }
  /** `detail`: why the user has to sign in again. */
  | { readonly status: 'anonymous'; readonly detail?: string }
  | { readonly status: 'signed-in'; readonly account: Account; readonly csrfToken: string };

export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly link: string };

export interface Session {
  readonly state: ReadonlySignal<SessionState>;
  /** Whether the account has signed out, rather than lost its session. */
  readonly hasSignedOut: ReadonlySignal<boolean>;
  /** The service's clock minus the browser's, in milliseconds. */
  readonly skewMs: ReadonlySignal<number>;
  /** Why a sign-in link was rejected, if an account is signed in all the same. */
  readonly linkProblem: ReadonlySignal<string | undefined>;
  /** Sends all other requests, and learns about the session and the time from their responses. */
  readonly fetch: typeof globalThis.fetch;
  /** Finds out who is signed in, by the link in the address if there is one. Never throws: `state` has the outcome. */
  begin(): Promise<void>;
  /** @throws TaskbellError */
  signIn(credentials: Credentials): Promise<void>;
  /** @throws TaskbellError */
  signOut(): Promise<void>;
  /** Returns the token of an account's session; an empty string unless that account is signed in. */
  csrfTokenOf(account: Account): string;
  /**
   * Reports that the service may have rejected the cookie, or an earlier one. `fetch` does this for every
   * 401.
   */
  expired(): void;
}

const path = '/api/session/';
const linkPrefix = '#sign-in=';
const timeoutMs = 15_000;

export function createSession(window: Window & typeof globalThis): Session {
  const { location, history, document, fetch } = window;
  const state = signal<SessionState>({ status: 'loading' });
  const linkProblem = signal<string>();
  const skew = createSkew();
  /** Account id for each token that this page has had. */
  const owners = new Map<string, string>();
  const others = new BroadcastChannel('taskbell.session');
  const inTurn = createTurns();
  /** The sign-in link from the address; kept until the service has accepted or rejected it. */
  let link = takeLink(location, history);
  /** What the page was loaded with; later on, it can have changed. */
  let known = knownSession(document);
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
    // The same account keeps its object; a new one would recreate everything that is shown.
    const isSame = before.status === 'signed-in' && isEqual(before.account, account);
    state.value = { status: 'signed-in', account: isSame ? before.account : account, csrfToken };
  }

  function notifyOthers(): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has only one origin
    others.postMessage('another session');
  }

  /** Finds out which account the cookie belongs to now. Without a response, nothing changes. */
  async function look(): Promise<void> {
    try {
      enter(await ask('GET'));
    } catch (error) {
      if (!isUnauthenticated(error)) return;
      if (state.peek().status !== 'signed-in') return;
      state.value = { status: 'anonymous', detail: 'Your session has ended. Sign in again to continue.' };
    }
  }

  /** Checks the session when its turn comes. One check serves all callers that ask before it starts. */
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
    notifyOthers();
  }

  async function redeem(given: string): Promise<void> {
    linkProblem.value = undefined;
    try {
      await post({ link: given });
    } catch (error) {
      const { status, message } = asTaskbellError(error);
      if (!isPassing(status)) {
        // An account may be signed in without the link.
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
    const loadedWith = known;
    known = 'unknown';
    if (link === undefined && loadedWith !== 'unknown') {
      state.value = { status: loadedWith === 'none' ? 'anonymous' : 'elsewhere' };
      return;
    }
    try {
      await (link === undefined ? ask('GET').then(enter) : redeem(link));
    } catch (error) {
      const { status, message } = asTaskbellError(error);
      if (isPassing(status)) state.value = { status: 'unreachable', detail: message };
      else state.value = { status: status === 404 ? 'elsewhere' : 'anonymous' };
    }
  }

  async function leave(account: Account): Promise<void> {
    const end = () => ask('DELETE', { headers: { [csrfHeader]: csrfTokenOf(account) } });
    try {
      await end().catch(async (error: unknown) => {
        if (!isForged(error)) throw error;
        await look();
        // Another account's session must not be ended.
        if (csrfTokenOf(account) !== '') await end();
      });
    } catch (error) {
      // The session has already ended.
      if (!isUnauthenticated(error)) throw error;
    }
    if (csrfTokenOf(account) !== '') state.value = { status: 'anonymous' };
    notifyOthers();
  }

  function csrfTokenOf({ id }: Account): string {
    const current = state.peek();
    return current.status === 'signed-in' && current.account.id === id ? current.csrfToken : '';
  }

  async function tokenInsteadOf(sent: string): Promise<string | undefined> {
    await lookInTurn();
    const current = state.peek();
    // The request had no effect, so it may be sent again, but only by the same account and with another
    // token.
    if (current.status !== 'signed-in' || current.csrfToken === sent) return undefined;
    return owners.get(sent) === current.account.id ? current.csrfToken : undefined;
  }

  function expired(): void {
    if (state.peek().status === 'signed-in') void lookInTurn();
  }

  others.addEventListener('message', () => void lookInTurn());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && state.peek().status === 'signed-in') void lookInTurn();
  });
  // Opening a sign-in link in a tab that already shows the dashboard does not reload the page.
  window.addEventListener('hashchange', () => {
    const taken = takeLink(location, history);
    if (taken === undefined) return;
    link = taken;
    void inTurn(start);
  });

  const hasSignedOut = computed(() => state.value.status === 'anonymous' && state.value.detail === undefined);

  return {
    state,
    hasSignedOut,
    skewMs: skew.skewMs,
    linkProblem,
    fetch: createSessionFetch({
      fetch,
      onResponse: skew.learn,
      onUnauthenticated: expired,
      tokenInsteadOf,
    }),
    begin: () => inTurn(start),
    signIn: (credentials) => inTurn(() => post(credentials)),
    async signOut() {
      const current = state.peek();
      if (current.status === 'signed-in') await inTurn(() => leave(current.account));
    },
    csrfTokenOf,
    expired,
  };
}

/** Starts each piece of work when the one before it has ended. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    // Only the queue ignores the failure: the caller gets it from `result`.
    last = result.catch(() => undefined);
    return result;
  };
}

/** Takes a sign-in link's secret out of the address, where it must not stay. */
function takeLink(location: Location, history: History): string | undefined {
  if (!location.hash.startsWith(linkPrefix)) return undefined;
  const link = location.hash.slice(linkPrefix.length);
  history.replaceState(null, '', location.pathname + location.search);
  return link;
}

function isEqual(one: Account, other: Account): boolean {
  return one.id === other.id && one.name === other.name && one.role === other.role;
}

/** Returns whether a status says nothing about who is signed in. */
function isPassing(status: number): boolean {
  return status === 0 || status >= 500;
}

function asTaskbellError(error: unknown): TaskbellError {
  if (error instanceof TaskbellError) return error;
  return new TaskbellError('Taskbell cannot be reached', { status: 0, code: 'unreachable', cause: error });
}
