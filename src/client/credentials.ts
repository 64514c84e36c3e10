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
  signOut(signal?: AbortSignal): Promise<void>;
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
  let held: Tokens | undefined;
  /** The sign-in or renewal in progress: requests that need its tokens at the same time share it, and its error. */
  let getting: Promise<Tokens> | undefined;

  async function signIn(): Promise<Tokens> {
    const { username, password } = credentials;
    return (await send<Tokens>('POST', '/api/token/', { body: { username, password } })).body;
  }

  async function renewed(): Promise<Tokens> {
    if (!held) return signIn();
    const { refresh } = held;
    try {
      // Repeatable: each response has another access token, and all of them are valid.
      const options = { body: { refresh }, repeatable: true };
      const { body } = await send<{ access: string }>('POST', '/api/token/refresh/', options);
      return { refresh, access: body.access };
    } catch (error) {
      // After another error, the refresh token may still be valid: it is kept, so that signing out can end it.
      if (!isTokenNotValid(error)) throw error;
      held = undefined;
      return signIn();
    }
  }

  function get(tokens: () => Promise<Tokens>): Promise<Tokens> {
    getting ??= tokens()
      .then((got) => (held = got))
      .finally(() => (getting = undefined));
    return getting;
  }

  async function headers(): Promise<Record<string, string>> {
    const { access } = (await getting) ?? held ?? (await get(signIn));
    return bearer(access);
  }

  return {
    headers,
    async renew(sent) {
      // Unless another request has already renewed the token.
      if (!isOther(await headers(), sent)) await get(renewed);
      return true;
    },
    async signOut(signal) {
      signal?.throwIfAborted();
      // A renewal in progress may replace the tokens. Its error is reported to the request that needs it.
      await getting?.catch(() => undefined);
      signal?.throwIfAborted();
      if (!held) return;
      const { refresh } = held;
      try {
        // Repeatable: it has one effect, although the second response is 401.
        await send('POST', '/api/token/blacklist/', { body: { refresh }, signal, repeatable: true });
      } catch (error) {
        // It had ended already, or expired.
        if (!isTokenNotValid(error)) throw error;
      }
      // Unless another request has signed in again in the meantime.
      if (held?.refresh === refresh) held = undefined;
    },
  };
}

/** Returns whether Taskbell has rejected a token, and not a proxy the request. */
function isTokenNotValid(error: unknown): boolean {
  return error instanceof TaskbellError && error.status === 401 && error.code === 'token_not_valid';
}

function isOther(headers: Readonly<Record<string, string>>, sent: Readonly<Record<string, string>>): boolean {
  return headers['Authorization'] !== sent['Authorization'];
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
