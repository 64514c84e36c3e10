import { TaskbellError } from './errors.ts';
import type { Send } from './send.ts';

/** Credentials for requests: exactly one of these. */
export type Credentials =
  /** Signs in with the first request, and again when necessary. */
  | { readonly username: string; readonly password: string }
  /** An access token or an API key, or a function that returns the current one. */
  | { readonly token: string | (() => string | Promise<string>) }
  /** The session cookie of a browser, for pages that Taskbell itself serves. */
  | { readonly csrfToken: string | (() => string) };

export interface Authorization {
  /** Returns the headers for a request with this method. */
  headers(method: string): Promise<Readonly<Record<string, string>>>;
  /** Called after a 401. @param sent the headers that were rejected. @returns whether a retry makes sense. */
  renew(sent: Readonly<Record<string, string>>): Promise<boolean>;
  /** Ends the tokens that were obtained with a password, if any. Other credentials are their owner's to end. */
  signOut(): Promise<void>;
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function authorizationBy(credentials: Credentials, send: Send): Authorization {
  if ('username' in credentials) return byPassword(credentials, send);
  if ('csrfToken' in credentials) return bySession(credentials.csrfToken);
  return byToken(credentials.token);
}

function byToken(token: string | (() => string | Promise<string>)): Authorization {
  const headers = async (): Promise<Record<string, string>> =>
    bearer(typeof token === 'string' ? token : await token());
  return { headers, renew: async (sent) => isOther(await headers(), sent), signOut: async () => undefined };
}

function bySession(csrfToken: string | (() => string)): Authorization {
  return {
    async headers(method): Promise<Record<string, string>> {
      if (safeMethods.has(method)) return {};
      return { 'X-CSRF-Token': typeof csrfToken === 'string' ? csrfToken : csrfToken() };
    },
    renew: async () => false,
    signOut: async () => undefined,
  };
}

interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

function byPassword(credentials: { username: string; password: string }, send: Send): Authorization {
  let tokens: Promise<Tokens> | undefined;
  /** The renewal under way: requests that find the token expired at the same time share it. */
  let renewing: Promise<boolean> | undefined;

  async function signIn(): Promise<Tokens> {
    const { username, password } = credentials;
    return (await send<Tokens>('POST', '/api/token/', { body: { username, password } })).body;
  }

  async function renewed(): Promise<Tokens> {
    const before = await tokens;
    if (!before) return signIn();
    try {
      const { refresh } = before;
      const { body } = await send<{ access: string }>('POST', '/api/token/refresh/', { body: { refresh } });
      return { refresh, access: body.access };
    } catch {
      // The refresh token has expired as well. If something else is wrong, signing in will show it.
      return signIn();
    }
  }

  async function keep(getting: Promise<Tokens>): Promise<boolean> {
    tokens = getting;
    try {
      await getting;
      return true;
    } catch (error) {
      tokens = undefined;
      throw error;
    }
  }

  async function headers(): Promise<Record<string, string>> {
    if (!tokens) await keep(signIn());
    return bearer((await tokens)?.access ?? '');
  }

  return {
    headers,
    async renew(sent) {
      // Another request has already renewed the token.
      if (isOther(await headers(), sent)) return true;
      renewing ??= keep(renewed()).finally(() => {
        renewing = undefined;
      });
      return renewing;
    },
    async signOut() {
      const ending = tokens;
      const { refresh } = (await ending?.catch(() => undefined)) ?? {};
      if (refresh === undefined) return;
      try {
        // Repeatable: it has one effect, although the second response is 401.
        await send('POST', '/api/token/blacklist/', { body: { refresh }, repeatable: true });
      } catch (error) {
        // It had ended already, or expired.
        if (!(error instanceof TaskbellError && error.status === 401)) throw error;
      }
      // Unless another request has signed in again in the meantime.
      if (tokens === ending) tokens = undefined;
    },
  };
}

function isOther(headers: Readonly<Record<string, string>>, sent: Readonly<Record<string, string>>): boolean {
  return headers['Authorization'] !== sent['Authorization'];
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
