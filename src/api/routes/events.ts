import { hash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { TaskStream } from '../../bridge/streams.ts';
import { feedExample } from '../../contract/examples.ts';
import { problems } from '../responses.ts';
import { taskId, taskIdParameter } from '../task.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

/** Times of an event stream, in milliseconds. */
export interface EventTiming {
  readonly pingMs: number;
  /** Time for which a write may wait for the client to read. */
  readonly stuckMs: number;
  /**
   * Time after which a client has to reconnect. Nothing shows that a client of a quiet stream still reads, since the
   * system takes the pings for it.
   */
  readonly lifetimeMs: number;
  /** Maximum time that a closing stream waits for its last bytes to be read. */
  readonly lastReadMs: number;
}

const usual: EventTiming = { pingMs: 25_000, stuckMs: 30_000, lifetimeMs: 15 * 60_000, lastReadMs: 5000 };
/**
 * Reconnect delay sent to clients, in milliseconds. Jittered, so that a restart doesn't bring them all back
 * at once.
 */
const reconnectMs = { min: 1000, spread: 4000 };

/** One event. A schema of type "string" would say nothing about it. */
const event = z.object({
  id: z.string().optional().meta({ description: 'The value to send as `Last-Event-ID`.' }),
  event: z.string().optional().meta({ description: '`end` if the stream ends. Other events have no type.' }),
  data: z.string().meta({
    contentMediaType: 'application/json',
    description: 'A FeedMessage. For `end`, the `code` and `reason` of the end.',
  }),
});
const eventsExample = { id: 'nELUY6hJAjESoO7nYWqTHtm6Urw', data: JSON.stringify(feedExample) };

const events = signedInRoute({
  method: 'get',
  path: '/api/tasks/{id}/events',
  operationId: 'watchTask',
  summary: 'Watch a task over Server-Sent Events',
  description:
    'Sends the same messages as the WebSocket `/ws/tasks/{id}/`: the current state of the task, then every change. With ' +
    '`Last-Event-ID`, the first message is left out if nothing has changed since. An event of type `end` says why the ' +
    'stream ends.',
  tags: ['Tasks'],
  rules: { isStream: true },
  request: {
    params: taskIdParameter,
    headers: z.object({ 'last-event-id': z.string().max(255).optional() }),
  },
  responses: {
    200: {
      description: 'The events.',
      content: { 'text/event-stream': { schema: event, example: eventsExample } },
    },
    ...problems(400, 404, 503),
  },
});

export function eventRoutes(
  routes: RouteTable,
  { streams, logger }: Pick<RouteDependencies, 'streams' | 'logger'>,
  timing = usual,
): void {
  routes.add(events, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const seen = c.req.valid('header')['last-event-id'];
    // Opened before anything is sent, so that a rejection is an ordinary response.
    const stream = await streams.open(c.get('principal'), id);
    if (c.req.method === 'HEAD') {
      stream.end('client disconnected');
      return c.body(null, 200, { 'Content-Type': 'text/event-stream' });
    }
    // A client that doesn't read doesn't notice the end either.
    stream.onEnd(() => setTimeout(() => c.env.outgoing?.destroy(), timing.lastReadMs).unref());
    // Keeps proxies from buffering the events.
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(
      c,
      (out) => pass(stream, out, seen, timing),
      async (error) => {
        stream.end('client disconnected');
        logger.debug({ err: error }, 'an event stream broke');
      },
    );
  });
}

async function pass(
  stream: TaskStream,
  out: SSEStreamingApi,
  seen: string | undefined,
  timing: EventTiming,
): Promise<void> {
  out.onAbort(() => stream.end('client disconnected'));
  const writer = createWriter();
  const ping = setInterval(() => {
    if (writer.waitedMs() > timing.stuckMs) stream.end('too slow');
    else if (writer.waitedMs() === 0) void writer.write(() => out.write(': still here\n\n'));
  }, timing.pingMs);
  // Spread out, so that clients that came together do not reconnect together.
  const lifetimeMs = timing.lifetimeMs * (0.75 + Math.random() / 4);
  const lifetime = setTimeout(() => stream.end('reconnect'), lifetimeMs);
  stream.onEnd(() => {
    clearInterval(ping);
    clearTimeout(lifetime);
  });
  const retryMs = Math.round(reconnectMs.min + Math.random() * reconnectMs.spread);
  try {
    await writer.write(() => out.write(`retry: ${retryMs}\n\n`));
    for (let known = seen; ; known = undefined) {
      const next = await stream.next();
      if (out.aborted) return;
      if (typeof next !== 'string') return await out.writeSSE({ event: 'end', data: JSON.stringify(next) });
      const id = hash('sha1', next, 'base64url');
      if (id !== known) await writer.write(() => out.writeSSE({ id, data: next }));
    }
  } finally {
    stream.end('client disconnected');
  }
}

/** Knows for how long the oldest write has been waiting. */
function createWriter() {
  const since = new Set<number>();
  return {
    /** Returns the wait in milliseconds, or 0 if nothing waits. */
    waitedMs(): number {
      const [oldest] = since;
      return oldest === undefined ? 0 : performance.now() - oldest;
    },
    async write(work: () => Promise<unknown>): Promise<void> {
      const startedAt = performance.now();
      since.add(startedAt);
      try {
        await work();
      } finally {
        since.delete(startedAt);
      }
    },
  };
}
