/**
 * The WebSocket side of the feed: `/ws/tasks/ID/` shows one task, `/ws/tasks/` the changes of all tasks that match a
 * filter. An upgrade is rejected with a plain HTTP response (400, 401, 403, 404, 429, 503). An open socket is closed
 * with 4401 (its token has ended), 4404 (its task was deleted), 1008 (its client floods), 1013 (its client does not
 * read) or 1012 (the service restarts). Pings find dead connections.
 *
 * open → closing (`close()`: notified, closed, and after a while terminated). The API process creates and closes it.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Principal } from '../auth/principal.ts';
import { AppError, invalidFields } from '../contract/errors.ts';
import { matchesFilter, taskFilter, type TaskFilter } from '../contract/filter.ts';
import { queryErrors } from '../contract/issues.ts';
import { pingEveryMs, pingMessage, pingProtocol } from '../contract/ping.ts';
import type { Problem } from '../contract/problem.ts';
import type { Actor } from '../resources/actor.ts';
import type { Observation } from '../tasks/feed.ts';
import { atExpiry } from './expiry.ts';
import type { FeedLimit } from './feed-limit.ts';
import type { Hub } from './hub.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { closeCodeLabel } from '../metrics/labels.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';

export interface SocketsOptions {
  readonly hub: Hub;
  /** Returns who opens this socket. Throws what {@link SocketsOptions.problemOf} can describe. */
  readonly admit: (request: IncomingMessage, url: URL) => Promise<Principal>;
  /** Returns the first observation of a task, if the actor may see it. */
  readonly observeAs: (actor: Actor, id: string) => Promise<Observation>;
  /** Narrows the filter to the tasks that the actor may watch. @throws AppError forbidden */
  readonly visibleTo: (actor: Actor, filter: TaskFilter) => TaskFilter;
  /** Called when a list watcher arrives, to look at the tasks under way, which changed before. */
  readonly onWatchAll: (actor: Actor, filter: TaskFilter) => void;
  /** Returns whether the principal's credential is still valid: it may have ended while the socket was opening. */
  readonly isCredentialValid: (principal: Principal) => boolean;
  readonly limit: FeedLimit;
  /** Describes why an upgrade is rejected, with all headers except those of the connection. */
  readonly problemOf: (error: unknown) => Problem;
  readonly logger: Logger;
  readonly telemetry?: Telemetry;
  readonly pingMs?: number;
  /** Interval of the pings that are messages, in milliseconds. */
  readonly messagePingMs?: number;
}

export interface Sockets {
  /** Returns whether a request asks for a WebSocket at the path of a feed. All others are ordinary requests. */
  accepts(request: IncomingMessage): boolean;
  /** Handles the `upgrade` event of an HTTP server, for requests that are accepted. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes the sockets of principals whose credentials are no longer valid. */
  closeInvalid(): void;
  close(): Promise<void>;
  readonly size: number;
}

interface SocketConnection {
  readonly kind: Show['kind'];
  readonly principal: Principal;
  readonly outbox: Outbox;
  alive: boolean;
}

const closeCode = { policy: 1008, restart: 1012, unauthenticated: 4401, deleted: 4404 } as const;
const defaultPingMs = 25_000;
const drainMs = 3000;
/** Maximum number of messages in a window. Watchers need not send any, but some clients do to stay connected. */
const maxMessages = 20;
const messageWindowMs = 60_000;
/**
 * Unsent data above which pings are neither sent as messages nor answered, in bytes. Less than the amount at which an
 * outbox holds its messages, since an outbox only resumes when messages that it has sent itself have left.
 */
const maxUnreadPongBytes = 16 * 1024;
const onePath = /^\/ws\/tasks\/([0-9a-fA-F-]{36})\/?$/;
const allPath = /^\/ws\/tasks\/?$/;

/** What a socket shows. `begin` starts it and returns a function that ends it. */
interface Show {
  readonly kind: 'task' | 'list';
  begin(outbox: Outbox, close: (code: number, reason: string) => void): () => void;
}

export function createSockets(options: SocketsOptions): Sockets {
  const { hub, logger, telemetry = noTelemetry } = options;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: 16 * 1024,
    perMessageDeflate: false,
    autoPong: false,
  });
  const clients = new Map<WebSocket, SocketConnection>();
  let closing = false;
  const stopGauge = telemetry.gauge('taskbell_sockets', () => {
    const kinds = Array.from(clients.values(), ({ kind }) => kind);
    const tasks = kinds.filter((kind) => kind === 'task').length;
    return [
      { labels: { kind: 'task' }, value: tasks },
      { labels: { kind: 'list' }, value: kinds.length - tasks },
    ];
  });
  const heartbeat = setInterval(checkAll, options.pingMs ?? defaultPingMs);
  const pings = setInterval(() => {
    for (const socket of clients.keys()) sendPing(socket);
  }, options.messagePingMs ?? pingEveryMs);

  function checkAll(): void {
    const now = performance.now();
    for (const [socket, client] of clients) {
      if (!client.alive) {
        socket.terminate();
        continue;
      }
      client.alive = false;
      client.outbox.check(now);
      socket.ping();
    }
  }

  async function admit(
    request: IncomingMessage,
    socket: Duplex,
  ): Promise<{ principal: Principal; show: Show }> {
    const url = new URL(request.url ?? '/', 'http://host');
    const principal = await options.admit(request, url);
    holdUntilClosed(socket, options.limit.take(principal.id));
    const id = onePath.exec(url.pathname)?.[1]?.toLowerCase();
    if (id !== undefined) return { principal, show: showOne(await options.observeAs(principal, id)) };
    return { principal, show: showAll(principal, options.visibleTo(principal, filterOf(url))) };
  }

  function showOne(first: Observation): Show {
    return {
      kind: 'task',
      begin: (outbox, close) =>
        hub.watch(first, {
          send: ({ text, key }) => outbox.send(text, key),
          deleted: () => close(closeCode.deleted, 'task deleted'),
        }),
    };
  }

  function showAll(principal: Principal, filter: TaskFilter): Show {
    return {
      kind: 'list',
      begin(outbox) {
        const unwatch = hub.watchAll({
          owner: filter.owner,
          wants: (task) => matchesFilter(filter, task),
          send: ({ text, key }) => outbox.send(text, key),
        });
        options.onWatchAll(principal, filter);
        return unwatch;
      },
    };
  }

  function open(socket: WebSocket, principal: Principal, show: Show): void {
    const outbox = createOutbox(socket, () => telemetry.count('taskbell_socket_dropped_total', {}));
    const client: SocketConnection = { kind: show.kind, principal, outbox, alive: true };
    clients.set(socket, client);
    const clearExpiry = atExpiry(principal, () => socket.close(closeCode.unauthenticated, 'token expired'));
    sendPing(socket);
    const end = show.begin(outbox, (code, reason) => socket.close(code, reason));
    socket.on('pong', () => {
      client.alive = true;
    });
    limitMessages(socket);
    answerPings(socket);
    closeIfInvalid(socket, principal);
    socket.on('error', (error) => logger.debug({ err: error }, 'socket failed'));
    socket.on('close', (code) => {
      telemetry.count('taskbell_socket_closed_total', { code: closeCodeLabel(code) });
      clearExpiry();
      end();
      clients.delete(socket);
    });
  }

  function closeIfInvalid(socket: WebSocket, principal: Principal): void {
    if (!options.isCredentialValid(principal)) socket.close(closeCode.unauthenticated, 'signed out');
  }

  // Otherwise `ws` responds itself, in HTML.
  server.on('wsClientError', (cause, socket) => {
    const message = `The request is not a valid WebSocket handshake. ${cause.message}.`;
    const { headers, ...problem } = options.problemOf(new AppError('malformed_request', message, { cause }));
    // For a client of another version.
    rejectUpgrade(socket, { ...problem, headers: { ...headers, 'Sec-WebSocket-Version': '13' } });
  });

  return {
    accepts({ method, headers, url = '' }) {
      return (
        method === 'GET' &&
        headers.host !== undefined &&
        headers.upgrade?.toLowerCase() === 'websocket' &&
        isFeedPath(url)
      );
    },

    upgrade(request, socket, head) {
      const onError = (error: Error): void =>
        logger.debug({ err: error }, 'socket failed before its upgrade');
      socket.on('error', onError);
      const rejectWith = (error: unknown): void => rejectUpgrade(socket, options.problemOf(error));
      admit(request, socket).then(({ principal, show }) => {
        socket.removeListener('error', onError);
        if (closing) return socket.destroy();
        return server.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, principal, show));
      }, rejectWith);
    },

    closeInvalid() {
      for (const [socket, { principal }] of clients) closeIfInvalid(socket, principal);
    },

    async close() {
      closing = true;
      clearInterval(heartbeat);
      clearInterval(pings);
      stopGauge();
      hub.notice('draining', 'The service is restarting; reconnect.');
      const all = [...clients.keys()];
      const closed = all.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      for (const socket of all) socket.close(closeCode.restart, 'restarting');
      const stragglers = setTimeout(() => {
        for (const socket of all) socket.terminate();
      }, drainMs);
      await Promise.all(closed);
      clearTimeout(stragglers);
      server.close();
    },

    get size() {
      return clients.size;
    },
  };
}

function limitMessages(socket: WebSocket): void {
  let messages = 0;
  let windowEndsAt = 0;
  socket.on('message', () => {
    const now = performance.now();
    if (now >= windowEndsAt) [messages, windowEndsAt] = [0, now + messageWindowMs];
    messages += 1;
    if (messages > maxMessages) socket.close(closeCode.policy, 'this feed accepts no messages');
  });
}

/** Sends a ping as a message to a client that asked for them, unless it does not read: they would pile up here. */
function sendPing(socket: WebSocket): void {
  if (socket.protocol !== pingProtocol || socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount <= maxUnreadPongBytes) socket.send(JSON.stringify(pingMessage));
}

/** Answers pings, but not those of a client that does not read the answers: they would pile up here. */
function answerPings(socket: WebSocket): void {
  socket.on('ping', (data) => {
    if (socket.bufferedAmount <= maxUnreadPongBytes) socket.pong(data);
  });
}

/** Calls `release` once the connection is closed, however far its upgrade has come. */
function holdUntilClosed(socket: Duplex, release: () => void): void {
  if (socket.closed) release();
  else socket.once('close', release);
}

function isFeedPath(url: string): boolean {
  // `//` and the like are not URLs.
  if (!URL.canParse(url, 'http://host')) return false;
  const { pathname } = new URL(url, 'http://host');
  return onePath.test(pathname) || allPath.test(pathname);
}

/** Returns the filter of a feed of many tasks, from all query parameters except the ticket. */
function filterOf({ searchParams }: URL): TaskFilter {
  const names = [...new Set(searchParams.keys())].filter((name) => name !== 'ticket');
  const values = names.map((name) => {
    const all = searchParams.getAll(name);
    return [name, all.length === 1 ? all[0] : all] as const;
  });
  const parsed = taskFilter.safeParse(Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  throw invalidFields(queryErrors(parsed.error));
}

function rejectUpgrade(socket: Duplex, { status, body, headers }: Problem): void {
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  // Otherwise a client that keeps its own half open would keep the socket open forever.
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}
