/**
 * Sends the requests of the pages, and notices when the session has ended or has been replaced by another.
 */
import { errorOf, TaskbellError } from '../client/errors.ts';

export const csrfHeader = 'X-CSRF-Token';

export interface SessionFetchOptions {
  readonly fetch: typeof globalThis.fetch;
  /** Called with every response to a first try. */
  readonly onResponse: (response: Response) => void;
  /** Called when the service rejects a request with 401. No other code checks for this. */
  readonly onUnauthenticated: () => void;
  /**
   * Returns the CSRF token to send instead of a rejected one; undefined if the request must not be sent
   * again.
   */
  readonly tokenInsteadOf: (sent: string) => Promise<string | undefined>;
}

/** Creates a `fetch` that sends a request once more if its CSRF token has been replaced. */
export function createSessionFetch(options: SessionFetchOptions): typeof globalThis.fetch {
  const { fetch, onResponse, onUnauthenticated, tokenInsteadOf } = options;

  const send: typeof globalThis.fetch = async (input, init) => {
    const response = await fetch(input, init);
    onResponse(response);
    const headers = new Headers(init?.headers);
    const sent = headers.get(csrfHeader);
    if (sent === null || response.status !== 403 || !isForged(await errorOf(response.clone())))
      return response;
    const token = await tokenInsteadOf(sent);
    if (token === undefined) return response;
    headers.set(csrfHeader, token);
    return fetch(input, { ...init, headers });
  };

  return async (input, init) => {
    const response = await send(input, init);
    if (response.status === 401) onUnauthenticated();
    return response;
  };
}

/** Returns whether a request was rejected because its CSRF token is not that of the session. */
export function isForged(error: unknown): boolean {
  return error instanceof TaskbellError && error.code === 'csrf_failed';
}

/**
 * Returns whether a request was rejected because no account is signed in. The session is then already being
 * checked.
 */
export function isUnauthenticated(error: unknown): boolean {
  return error instanceof TaskbellError && error.status === 401;
}
