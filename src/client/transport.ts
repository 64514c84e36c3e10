/** Requests to the HTTP interface: with credentials, deadlines and further tries where those are safe. */
import { backoffMs, pause, unlessAborted } from './backoff.ts';
import { authorizationBy, type Credentials } from './credentials.ts';
import { errorOf, TaskbellError } from './errors.ts';

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** It does the same however often it arrives, so it may be sent again where no answer came. */
  readonly repeatable?: boolean;
}

export interface Answer<B> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: B;
}

/** @throws TaskbellError; the signal's reason. */
export type Send = <B>(method: string, path: string, options?: RequestOptions) => Promise<Answer<B>>;

export interface TransportOptions {
  /** Where Taskbell is, such as `https://tasks.example.com`. */
  readonly url: string;
  readonly credentials: Credentials;
  readonly fetch: typeof globalThis.fetch;
  /** For each try, in milliseconds. */
  readonly timeoutMs: number;
}

const mostTries = 4;
const retryMs = { least: 250, most: 5000 };
/** Whoever is to wait longer is told instead. */
const longestWaitSeconds = 30;

export function createTransport({ url, credentials, fetch, timeoutMs }: TransportOptions): Send {
  const base = url.replace(/\/+$/, '');

  /** What a service of the same version says has the shape of its contract. */
  function parsed<B>(text: string): B {
    try {
      return (text === '' ? undefined : JSON.parse(text)) as B;
    } catch (cause) {
      // A proxy's page in between, say.
      throw new TaskbellError('The answer is none of Taskbell’s', { status: 0, code: 'unreachable', cause });
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
        if (!(error instanceof TaskbellError) || tries === mostTries) throw error;
        const waitMs = waitBefore(error, tries, options.repeatable ?? method === 'GET');
        if (waitMs === undefined) throw error;
        await pause(waitMs, options.signal);
      }
    }
  }

  const authorization = authorizationBy(credentials, persistently);

  return async (method, path, options = {}) => {
    const { signal } = options;
    // Signing in is for all requests: one that is aborted leaves it to the others.
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
}

/** @returns undefined where another try would be of no use, or could do something twice. */
function waitBefore(
  { status, retryAfterSeconds }: TaskbellError,
  tries: number,
  repeatable: boolean,
): number | undefined {
  // Nothing has been done where there were too many requests.
  const mayTry =
    status === 429 || (repeatable && (status === 0 || status === 502 || status === 503 || status === 504));
  if (!mayTry || (retryAfterSeconds ?? 0) > longestWaitSeconds) return undefined;
  return Math.max((retryAfterSeconds ?? 0) * 1000, backoffMs(tries - 1, retryMs));
}
