/** Sends requests to the HTTP API, with credentials, timeouts, and retries where those are safe. */
import { backoffMs, pause, unlessAborted } from '../lib/wait.ts';
import { type Authorization, authorizationBy, type Credentials } from './credentials.ts';
import { errorOf, TaskbellError } from './errors.ts';
import type { Answer, RequestOptions, Send } from './send.ts';

export interface TransportOptions {
  /** Address of the service, such as `https://tasks.example.com`. */
  readonly url: string;
  readonly credentials: Credentials;
  readonly fetch: typeof globalThis.fetch;
  /** Timeout for each try, in milliseconds. */
  readonly timeoutMs: number;
}

const maxTries = 4;
const retryMs = { min: 250, max: 5000 };
/** Maximum Retry-After that is waited for, in seconds. Longer ones are reported to the caller instead. */
const maxRetryAfterSeconds = 30;

export interface Transport {
  readonly send: Send;
  readonly signOut: Authorization['signOut'];
}

export function createTransport({ url, credentials, fetch, timeoutMs }: TransportOptions): Transport {
  const base = url.replace(/\/+$/, '');

  /** Parses a response. Its shape is not checked: a service of the same version follows the contract. */
  function parsed<B>(text: string): B {
    try {
      return (text === '' ? undefined : JSON.parse(text)) as B;
    } catch (cause) {
      // For example, a page of a proxy in between.
      throw new TaskbellError('The response is not from Taskbell', { status: 0, code: 'unreachable', cause });
    }
  }

  async function once<B>(method: string, path: string, options: RequestOptions): Promise<Answer<B>> {
    const { body, headers = {}, signal } = options;
    const timeout = AbortSignal.timeout(timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await fetch(base + path, {
        method,
        headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      if (!response.ok) throw await errorOf(response);
      text = await response.text();
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof TaskbellError) throw cause;
      const what = timeout.aborted ? `did not answer within ${timeoutMs / 1000} s` : 'cannot be reached';
      throw new TaskbellError(`Taskbell ${what}`, { status: 0, code: 'unreachable', cause });
    }
    return { status: response.status, headers: response.headers, body: parsed<B>(text) };
  }

  async function persistently<B>(
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<Answer<B>> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await once<B>(method, path, options);
      } catch (error) {
        if (!(error instanceof TaskbellError) || tries === maxTries) throw error;
        const waitMs = waitBefore(error, tries, options.repeatable ?? method === 'GET');
        if (waitMs === undefined) throw error;
        await pause(waitMs, options.signal);
        options.signal?.throwIfAborted();
      }
    }
  }

  const authorization = authorizationBy(credentials, persistently);

  const send: Send = async (method, path, options = {}) => {
    const { signal } = options;
    // Signing in is shared by all requests: an aborted one leaves it to the others.
    const credentials = () => unlessAborted(authorization.headers(method), signal);
    const sent = await credentials();
    const withHeaders = (more: Readonly<Record<string, string>>) => ({
      ...options,
      headers: { ...options.headers, ...more },
    });
    try {
      return await persistently(method, path, withHeaders(sent));
    } catch (error) {
      if (!(error instanceof TaskbellError && error.status === 401)) throw error;
      if (!(await unlessAborted(authorization.renew(sent), signal))) throw error;
      return persistently(method, path, withHeaders(await credentials()));
    }
  };
  return { send, signOut: authorization.signOut };
}

/** Returns the delay before a retry, in milliseconds; undefined if a retry is useless or could have an effect twice. */
function waitBefore(
  { status, retryAfterSeconds }: TaskbellError,
  tries: number,
  repeatable: boolean,
): number | undefined {
  // A request that is rejected with 429 has had no effect.
  const mayTry =
    status === 429 || (repeatable && (status === 0 || status === 502 || status === 503 || status === 504));
  if (!mayTry || (retryAfterSeconds ?? 0) > maxRetryAfterSeconds) return undefined;
  return Math.max((retryAfterSeconds ?? 0) * 1000, backoffMs(tries - 1, retryMs));
}
