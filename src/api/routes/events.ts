import { hash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { TaskStream } from '../../bridge/streams.ts';
import { feedExample } from '../../contract/examples.ts';
import { problems } from '../responses.ts';
import { taskId, taskIdParameter } from '../task.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

const pingMs = 25_000;
/** Maximum time that a closing stream waits for its last bytes to be read, in milliseconds. */
const lastReadMs = 5000;
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

export function eventRoutes(routes: RouteTable, { streams, logger }: RouteDependencies): void {
  routes.add(events, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const seen = c.req.valid('header')['last-event-id'];
    // Opened before anything is sent, so that a rejection is an ordinary response.
    const stream = await streams.open(c.get('principal'), id);
    if (c.req.method === 'HEAD') {
      stream.end();
      return c.body(null, 200, { 'Content-Type': 'text/event-stream' });
    }
    // A client that doesn't read doesn't notice the end either.
    stream.onEnd(() => setTimeout(() => c.env.outgoing?.destroy(), lastReadMs).unref());
    // Keeps proxies from buffering the events.
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(
      c,
      (out) => pass(stream, out, seen),
      async (error) => {
        stream.end();
        logger.debug({ err: error }, 'an event stream broke');
      },
    );
  });
}

async function pass(stream: TaskStream, out: SSEStreamingApi, seen: string | undefined): Promise<void> {
  out.onAbort(() => stream.end());
  const ping = setInterval(() => void out.write(': still here\n\n'), pingMs);
  try {
    await out.write(`retry: ${Math.round(reconnectMs.min + Math.random() * reconnectMs.spread)}\n\n`);
    for (let known = seen; ; known = undefined) {
      const next = await stream.next();
      if (out.aborted) return;
      if (typeof next !== 'string') return await out.writeSSE({ event: 'end', data: JSON.stringify(next) });
      const id = hash('sha1', next, 'base64url');
      if (id !== known) await out.writeSSE({ id, data: next });
    }
  } finally {
    clearInterval(ping);
    stream.end();
  }
}
