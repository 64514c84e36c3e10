import { WebSocket } from 'ws';
import type { FeedMessage, Task } from '../../src/contract/task.ts';
import { waitFor } from './wait-for.ts';

export interface Answer<B> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: B;
}

/** A signed-in client of a running service. It sends plain requests, as a user's own client might. */
export interface Caller {
  readonly token: string;
  call<B = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<B>>;
  /** Creates a task. @throws unless the response is 201. */
  create(task: Record<string, unknown>): Promise<Task>;
  read(id: string): Promise<Task>;
  /** Reads the task until it is as expected. */
  until(id: string, what: string, expected: (task: Task) => boolean, deadlineMs?: number): Promise<Task>;
  watch(path: string): Promise<Feed>;
}

export type TaskMessage = Extract<FeedMessage, { type: 'task' }>;

/** An open socket, and the messages that it has received so far. */
export interface Feed {
  readonly socket: WebSocket;
  readonly messages: FeedMessage[];
  /** Set once the socket is closed. */
  readonly closed: { code?: number; reason?: string };
  tasks(): TaskMessage[];
  until(what: string, expected: (feed: Feed) => boolean, deadlineMs?: number): Promise<void>;
}

export async function callUrl<B>(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<B>> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // The caller names the shape that it is going to assert on.
  const parsed = (text === '' ? undefined : JSON.parse(text)) as B;
  return { status: response.status, headers: response.headers, body: parsed };
}

export async function signIn(url: string, username: string, password: string): Promise<Caller> {
  const path = `${url}/api/token/`;
  const { status, body } = await callUrl<{ access: string }>(path, 'POST', { username, password });
  if (status !== 200) throw new Error(`Could not sign in as ${username}: ${status} ${JSON.stringify(body)}`);
  return createCaller(url, body.access);
}

export function createCaller(url: string, token: string): Caller {
  const authorization = { Authorization: `Bearer ${token}` };
  const caller: Caller = {
    token,
    call: (method, path, body, headers = {}) =>
      callUrl(`${url}${path}`, method, body, { ...authorization, ...headers }),

    async create(task) {
      const { status, body } = await caller.call<Task>('POST', '/api/tasks/', task);
      if (status !== 201) throw new Error(`Creating a task answered ${status}: ${JSON.stringify(body)}`);
      return body;
    },

    async read(id) {
      const { status, body } = await caller.call<Task>('GET', `/api/tasks/${id}/`);
      if (status !== 200) throw new Error(`Reading a task answered ${status}: ${JSON.stringify(body)}`);
      return body;
    },

    async until(id, what, expected, deadlineMs) {
      const seen: string[] = [];
      const found = waitFor(
        what,
        async () => {
          const task = await caller.read(id);
          seen.push(`${task.status} ${JSON.stringify(task.waiting)}`);
          return expected(task) && task;
        },
        deadlineMs,
      );
      return found.catch((error: unknown) => {
        throw new Error(`${String(error)}; seen last: ${seen.at(-1)}`, { cause: error });
      });
    },

    watch: (path) => openFeed(`${url.replace(/^http/, 'ws')}${path}`, authorization),
  };
  return caller;
}

/**
 * Sends a command until it is answered 200 or rejected: on a busy machine, its effect can take longer than the second
 * that the API waits for it. Not for run-now, which is rejected once the task runs.
 */
export function untilDone<B>(send: () => Promise<Answer<B>>): Promise<Answer<B>> {
  return waitFor('the effect of a command', async () => {
    const answer = await send();
    return answer.status !== 202 && answer;
  });
}

/** Opens a WebSocket. @throws RejectedUpgrade with the HTTP status if the upgrade is rejected. */
export async function openFeed(url: string, headers: Record<string, string> = {}): Promise<Feed> {
  const socket = new WebSocket(url, { headers });
  const messages: FeedMessage[] = [];
  const closed: { code?: number; reason?: string } = {};
  const feed: Feed = {
    socket,
    messages,
    closed,
    tasks: () => messages.filter((message) => message.type === 'task'),
    until: async (what, expected, deadlineMs) => {
      await waitFor(what, () => expected(feed), deadlineMs).catch((error: unknown) => {
        throw new Error(`${String(error)}; received: ${JSON.stringify(messages)}`, { cause: error });
      });
    },
  };
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as FeedMessage));
  socket.on('close', (code, reason) => Object.assign(closed, { code, reason: reason.toString() }));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_request, response) => {
      reject(new RejectedUpgrade(response.statusCode ?? 0));
      socket.terminate();
    });
    socket.on('error', reject);
  });
  return feed;
}

export class RejectedUpgrade extends Error {
  override readonly name = 'RejectedUpgrade';
  readonly status: number;
  constructor(status: number) {
    super(`The upgrade was rejected with ${status}`);
    this.status = status;
  }
}
