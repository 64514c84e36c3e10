/**
 * Who looks at the page. loading → anonymous ⇄ signed in; unreachable while the service does not answer.
 *
 * What proves it is a cookie that no script can read; the token against forged requests is kept in memory alone.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import { errorOf, TaskbellError } from '../client/errors.ts';

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly role: 'user' | 'admin';
}

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
  /** Finds out who is signed in; by the link in the address, where there is one. Never throws: `state` tells. */
  begin(): Promise<void>;
  /** @throws TaskbellError */
  signIn(credentials: Credentials): Promise<void>;
  /** @throws TaskbellError */
  signOut(): Promise<void>;
  /** The service has refused the cookie. */
  expired(): void;
}

interface Answer {
  readonly account: Account;
  readonly csrf_token: string;
}

const path = '/api/session/';
const linkPrefix = '#sign-in=';
/** Told in whole seconds: less is no difference. */
const leastSkewMs = 2000;

export function createSession({ location, history, fetch }: Window & typeof globalThis): Session {
  const state = signal<SessionState>({ status: 'loading' });
  const skewMs = signal(0);

  async function ask(method: string, more: RequestInit = {}): Promise<Answer | undefined> {
    let response: Response;
    try {
      response = await fetch(path, { method, ...more });
    } catch (cause) {
      throw new TaskbellError('Taskbell cannot be reached', { status: 0, code: 'unreachable', cause });
    }
    const serverTime = Date.parse(response.headers.get('Date') ?? '');
    const skew = Number.isNaN(serverTime) ? 0 : serverTime - Date.now();
    skewMs.value = Math.abs(skew) < leastSkewMs ? 0 : skew;
    if (!response.ok) throw await errorOf(response);
    return response.status === 204 ? undefined : ((await response.json()) as Answer);
  }

  function enter(answer: Answer | undefined): void {
    if (!answer) return;
    state.value = { status: 'signed-in', account: answer.account, csrfToken: answer.csrf_token };
  }

  async function signIn(credentials: Credentials): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    enter(await ask('POST', { headers, body: JSON.stringify(credentials) }));
  }

  return {
    state,
    skewMs,
    signIn,
    async begin() {
      const link = takeLink(location, history);
      try {
        await (link === undefined ? ask('GET').then(enter) : signIn({ link }));
      } catch (error) {
        if (!(error instanceof TaskbellError)) throw error;
        state.value = afterFailure(error, link !== undefined);
      }
    },
    async signOut() {
      const current = state.peek();
      if (current.status !== 'signed-in') return;
      try {
        await ask('DELETE', { headers: { 'X-CSRF-Token': current.csrfToken } });
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TaskbellError && error.status === 401)) throw error;
      }
      state.value = { status: 'anonymous' };
    },
    expired() {
      if (state.peek().status !== 'signed-in') return;
      state.value = { status: 'anonymous', detail: 'Your session has ended. Sign in again to go on.' };
    },
  };
}

/** A sign-in link's secret, which must not stay in the address. */
function takeLink(location: Location, history: History): string | undefined {
  if (!location.hash.startsWith(linkPrefix)) return undefined;
  const link = location.hash.slice(linkPrefix.length);
  history.replaceState(null, '', location.pathname + location.search);
  return link;
}

function afterFailure({ status, message }: TaskbellError, byLink: boolean): SessionState {
  if (status === 0 || status >= 500) return { status: 'unreachable', detail: message };
  return byLink ? { status: 'anonymous', detail: message } : { status: 'anonymous' };
}
