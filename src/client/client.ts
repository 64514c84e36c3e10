import type { Credentials } from './credentials.ts';
import { unlessAborted } from '../lib/wait.ts';
import type { WebSocketConstructor } from './sockets.ts';
import { pathWith } from './paths.ts';
import { type CallOptions, taskMethods } from './tasks.ts';
import { createTransport } from './transport.ts';
import type { Overview, OverviewRequest, TaskType } from './types.ts';
import { watchMethods } from './watch.ts';

export type ClientOptions = Credentials & {
  /** Address of the service, such as `https://tasks.example.com`. */
  readonly url: string;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Replaces the global `WebSocket`. In Node.js, the default is that of the package `ws`, since Node 20 has none. */
  readonly WebSocket?: WebSocketConstructor;
  /** Timeout for each try of a request, in milliseconds. Defaults to 30 s. */
  readonly timeoutMs?: number;
};

export type Client = ReturnType<typeof createClient>;

/**
 * Creates a client of the HTTP API and its feeds, for Node.js and browsers.
 *
 *     const client = createClient({ url: 'http://127.0.0.1:8000', token: process.env.TASKBELL_KEY });
 *     const { id } = await client.tasks.create({ name: 'Sum up', delay: 10 });
 *     for await (const task of client.tasks.watch(id, { until: 'ended' })) console.log(task.status);
 *
 * Requests are retried after a failure if that cannot have an effect twice. The client holds no connection while
 * nothing is watched.
 */
export function createClient(options: ClientOptions) {
  const { url, fetch = globalThis.fetch.bind(globalThis), timeoutMs = 30_000 } = options;
  const { send, signOut } = createTransport({ url, credentials: options, fetch, timeoutMs });
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  return {
    tasks: { ...taskMethods(send), ...watchMethods({ send, url, WebSocket }) },
    /** Returns the data of the dashboard's overview page. */
    async overview({ signal, ...query }: OverviewRequest & CallOptions = {}): Promise<Overview> {
      return (await send<Overview>('GET', pathWith('/api/overview/', query), { signal })).body;
    },
    taskTypes: {
      async list({ signal }: { signal?: AbortSignal } = {}): Promise<TaskType[]> {
        return (await send<TaskType[]>('GET', '/api/task-types/', { signal })).body;
      },
    },
    /**
     * Ends the tokens that the client has obtained with `username` and `password`, if any. The next request signs in
     * again, and so does a feed that is still watched. Has no effect on other credentials.
     */
    signOut: ({ signal }: CallOptions = {}): Promise<void> => unlessAborted(signOut(signal), signal),
  };
}
