import type { Credentials } from './credentials.ts';
import type { WebSocketConstructor } from './sockets.ts';
import { pathWith } from './paths.ts';
import { type CallOptions, taskMethods } from './tasks.ts';
import { createTransport } from './transport.ts';
import type { Overview, OverviewRequest, TaskType } from './types.ts';
import { watchMethods } from './watch.ts';

export type ClientOptions = Credentials & {
  /** Where Taskbell is, such as `https://tasks.example.com`. */
  readonly url: string;
  /** In place of the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** In place of the global one; Node 20 has none, and gets that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  /** For each try of a request; 30 s unless told otherwise. */
  readonly timeoutMs?: number;
};

export type Client = ReturnType<typeof createClient>;

/**
 * A client of the HTTP interface and its feeds, for Node.js and browsers.
 *
 *     const client = createClient({ url: 'http://127.0.0.1:8000', token: process.env.TASKBELL_KEY });
 *     const { id } = await client.tasks.create({ name: 'Sum up', delay: 10 });
 *     for await (const task of client.tasks.watch(id, { until: 'ended' })) console.log(task.status);
 *
 * Requests are sent again after a failure where they do nothing twice. Holds no connection of its own while nothing is
 * watched.
 */
export function createClient(options: ClientOptions) {
  const { url, fetch = globalThis.fetch.bind(globalThis), timeoutMs = 30_000 } = options;
  const send = createTransport({ url, credentials: options, fetch, timeoutMs });
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  return {
    tasks: { ...taskMethods(send), ...watchMethods({ send, url, WebSocket }) },
    /** What the dashboard's first page shows. */
    async overview({ signal, ...query }: OverviewRequest & CallOptions = {}): Promise<Overview> {
      return (await send<Overview>('GET', pathWith('/api/overview/', query), { signal })).body;
    },
    taskTypes: {
      async list({ signal }: { signal?: AbortSignal } = {}): Promise<TaskType[]> {
        return (await send<TaskType[]>('GET', '/api/task-types/', { signal })).body;
      },
    },
  };
}
