/** Load: many calls, a number of them at a time. */
import { Agent, request } from 'node:http';
import { mapConcurrently } from '../../src/lib/limiter.ts';

/** Runs a call for each item, `concurrency` at a time. @returns the results in order, and the calls per second. */
export async function atOnce<I, O>(
  concurrency: number,
  items: readonly I[],
  call: (item: I) => Promise<O>,
): Promise<{ results: O[]; perSecond: number }> {
  const startedAt = performance.now();
  const results = await mapConcurrently(items, concurrency, call);
  return { results, perSecond: (items.length * 1000) / (performance.now() - startedAt) };
}

/** Returns the numbers from 0 on. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Times calls one after the other. @returns milliseconds of each. */
export async function oneByOne(times: number, call: () => Promise<unknown>): Promise<number[]> {
  const durations: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const startedAt = performance.now();
    await call();
    durations.push(performance.now() - startedAt);
  }
  return durations;
}

/** Age of a token at which the next one is taken, in milliseconds. It lasts a quarter of an hour (src/auth/tokens.ts). */
const tokenRenewedAfterMs = 10 * 60_000;

export interface HttpClient {
  /** @returns the body of the response. @throws unless its status is the expected one. */
  send(method: string, path: string, expected: number, body?: unknown): Promise<string>;
  close(): void;
}

/**
 * Creates a client that signs in again before its token expires.
 * @param signIn Called for each token. What it throws is passed on to the calls that need the token.
 */
export function createSignedInClient(
  url: string,
  signIn: () => Promise<{ readonly token: string }>,
  now: () => number = Date.now,
): HttpClient {
  let current: { readonly caller: ReturnType<typeof signIn>; readonly since: number } | undefined;
  return createHttpClient(url, async () => {
    if (current === undefined || now() - current.since >= tokenRenewedAfterMs)
      current = { caller: signIn(), since: now() };
    return { Authorization: `Bearer ${(await current.caller).token}` };
  });
}

/**
 * Creates a client with connections of its own that stay open. It costs a fraction of the CPU time of `fetch`.
 * @param headersOf Returns the headers of each call.
 */
export function createHttpClient(
  url: string,
  headersOf: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>,
): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return {
    async send(method, path, expected, body) {
      const headers = await headersOf();
      return new Promise((resolve, reject) => {
        const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
        const sent = request(
          `${url}${path}`,
          {
            method,
            agent,
            headers: {
              ...headers,
              ...(content && { 'Content-Type': 'application/json', 'Content-Length': content.length }),
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('error', reject);
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString();
              if (response.statusCode === expected) resolve(text);
              else
                reject(new Error(`${method} ${path} answered ${response.statusCode}: ${text.slice(0, 300)}`));
            });
          },
        );
        sent.on('error', reject);
        sent.end(content);
      });
    },
    close: () => agent.destroy(),
  };
}
