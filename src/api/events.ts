import { hash } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { TaskStream } from '../bridge/streams.ts';
import { feedExample } from '../contract/examples.ts';
import { problems, signedIn } from './responses.ts';
import { idParameter, taskId } from './task-id.ts';
import type { Api, ApiDependencies } from './types.ts';

const pingMs = 25_000;
/** So long the end of a stream may take to be read. */
const lastWordMs = 5000;
/** So long a client waits before it comes back; apart from each other, since a restart sends all away at once. */
const comeBackMs = { least: 1000, spread: 4000 };

/** One of the events; the type "string" would tell nothing of them. */
const event = z.object({
  id: z.string().optional().meta({ description: 'For Last-Event-ID.' }),
  event: z.string().optional().meta({ description: '`end` says why the stream ends; others have no type.' }),
  data: z.string().meta({ contentMediaType: 'application/json', description: 'A FeedMessage.' }),
});
const eventsExample = { id: 'nELUY6hJAjESoO7nYWqTHtm6Urw', data: JSON.stringify(feedExample) };

const events = createRoute({
  method: 'get',
  path: '/api/tasks/{id}/events',
  operationId: 'watchTask',
  summary: 'Watch a task, by Server-Sent Events',
  description:
    'The messages of the WebSocket `/ws/tasks/{id}/`: the task as it is, then every change. With `Last-Event-ID`, the ' +
    'first one is left out where nothing has changed since. An event of the type `end` says why the stream ends.',
  tags: ['Tasks'],
  security: signedIn,
  request: {
    params: idParameter,
    headers: z.object({ 'last-event-id': z.string().max(255).optional() }),
  },
  responses: {
    200: {
      description: 'The events.',
      content: { 'text/event-stream': { schema: event, example: eventsExample } },
    },
    ...problems(400, 401, 404, 503),
  },
});

export function eventRoutes(app: Api, { streams, logger }: ApiDependencies): void {
  app.openapi(events, async (c) => {
    const id = taskId(c.req.valid('param').id);
    const seen = c.req.valid('header')['last-event-id'];
    // Before anything is sent: what refuses it is an answer like any other.
    const stream = await streams.open(c.get('principal'), id);
    if (c.req.method === 'HEAD') {
      stream.end();
      return c.body(null, 200, { 'Content-Type': 'text/event-stream' });
    }
    // A client that does not read does not hear of the end either.
    stream.onOver(() => setTimeout(() => c.env.outgoing?.destroy(), lastWordMs).unref());
    // Proxies would keep events back.
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
    await out.write(`retry: ${Math.round(comeBackMs.least + Math.random() * comeBackMs.spread)}\n\n`);
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
