/** Server-Sent Events, read from the wire. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FeedMessage } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';

const hour = 3600;

const service = useService();
let alice: Caller;
const closers: (() => void)[] = [];

beforeAll(async () => {
  alice = await service.as('alice');
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Event {
  readonly id?: string;
  readonly event?: string;
  readonly data: FeedMessage & { readonly code?: number };
}

interface Stream {
  readonly status: number;
  readonly type: string | null;
  readonly events: Event[];
  readonly statuses: string[];
  readonly text: string;
  readonly ended: boolean;
}

async function open(id: string, headers: Record<string, string> = {}, url = service.url): Promise<Stream> {
  const leaving = new AbortController();
  closers.push(() => leaving.abort());
  const response = await fetch(`${url}/api/tasks/${id}/events/`, {
    headers: { Authorization: `Bearer ${alice.token}`, ...headers },
    signal: leaving.signal,
  });
  const seen = { text: '', ended: false };
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? [])
      seen.text += decoder.decode(chunk as Uint8Array, { stream: true });
    seen.ended = true;
  })().catch(() => undefined);
  const events = (): Event[] =>
    seen.text
      .split('\n\n')
      .slice(0, -1)
      .filter((block) => block.includes('data:'))
      .map((block) => {
        const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
        return { ...fields, data: JSON.parse(fields['data'] ?? 'null') };
      });
  return {
    status: response.status,
    type: response.headers.get('Content-Type'),
    get events() {
      return events();
    },
    get statuses() {
      return events().flatMap(({ data }) => (data.type === 'task' ? data.status : []));
    },
    get text() {
      return seen.text;
    },
    get ended() {
      return seen.ended;
    },
  };
}

describe('the event stream of a task', () => {
  test('sends what its socket sends: the current state, then each change and the end; it then stays open', async () => {
    const { id } = await alice.create({ name: 'streamed', type: 'echo', delay: 1, payload: { a: 1 } });
    const stream = await open(id);
    expect({ status: stream.status, type: stream.type }).toEqual({ status: 200, type: 'text/event-stream' });
    const socket = await alice.watch(`/ws/tasks/${id}/`);
    await waitFor('the end of the task', () => stream.statuses.at(-1) === 'COMPLETED');
    await socket.until('the end of the task', () => socket.tasks().at(-1)?.status === 'COMPLETED');
    expect(stream.statuses[0]).toBe('SCHEDULED');
    expect(stream.events.at(-1)?.data).toEqual(socket.messages.at(-1));
    expect(stream.events.at(-1)?.data).toMatchObject({ type: 'task', result: { payload: { a: 1 } } });
    // The reconnect delay sent to clients: one to five seconds.
    const [, retry] = /^retry: (\d+)\n\n/.exec(stream.text) ?? [];
    expect(Number(retry)).toBeGreaterThanOrEqual(1000);
    // Stays open, since the task may be retried.
    expect(stream.ended).toBe(false);
    socket.socket.close();
  });

  test('resumes after Last-Event-ID: it sends nothing until the task changes, or the current state if it already has', async () => {
    const { id } = await alice.create({ name: 'resumed', delay: hour });
    const first = await open(id);
    await waitFor('the first event', () => first.events.length === 1);
    const last = { 'Last-Event-ID': first.events[0]?.id ?? '' };
    const same = await open(id, last);
    await alice.call('POST', `/api/tasks/${id}/pause/`);
    await waitFor('the change', () => same.events.length > 0);
    expect(same.events[0]?.data).toMatchObject({ status: 'SCHEDULED', waiting: { reason: 'paused' } });
    const changed = await open(id, last);
    await waitFor('the current state', () => changed.events.length > 0);
    expect(changed.events[0]?.data).toMatchObject({ waiting: { reason: 'paused' } });
  });

  test('ends with an event of code 4404 when the task is deleted, and then cannot be opened (404)', async () => {
    const { id } = await alice.create({ name: 'deleted', delay: hour });
    const stream = await open(id);
    await waitFor('the first event', () => stream.events.length === 1);
    await alice.call('DELETE', `/api/tasks/${id}/`);
    await waitFor('the end of the stream', () => stream.ended);
    expect(stream.events.at(-1)).toMatchObject({ event: 'end', data: { code: 4404 } });
    expect((await open(id)).status).toBe(404);
  });

  test('ends with an event of code 1012 when the service restarts', async () => {
    const api = await service.startApi();
    const { id } = await alice.create({ name: 'restarted', delay: hour });
    const stream = await open(id, {}, api.url);
    await waitFor('the first event', () => stream.events.length === 1);
    await api.close();
    await waitFor('the end of the stream', () => stream.ended);
    expect(stream.events.at(-1)).toMatchObject({ event: 'end', data: { code: 1012 } });
  });

  test("is rejected with 404 for another owner's task, and with 401 without a token", async () => {
    const bob = await service.as('bob');
    const { id } = await bob.create({ name: "bob's", delay: hour });
    expect((await open(id)).status).toBe(404);
    expect((await open(id, { Authorization: '' })).status).toBe(401);
  });

  test('reports a retry on the same connection, with one end for each run', async () => {
    const { id } = await alice.create({ name: 'again', type: 'hopeless', delay: 0 });
    await alice.until(id, 'the end of the task', hasEnded);
    const stream = await open(id);
    await waitFor('the first event', () => stream.events.length === 1);
    await alice.call('POST', `/api/tasks/${id}/retry/`);
    const ends = (): number => stream.statuses.filter((status) => status === 'FAILED').length;
    await waitFor('the second end', () => ends() === 2);
    expect(stream.events.at(-1)?.data).toMatchObject({ retry_count: 1 });
  });
});

test('HEAD responds with the status and Content-Type of an event stream, without opening one', async () => {
  const { id } = await alice.create({ name: 'head', delay: hour });
  const headers = { Authorization: `Bearer ${alice.token}` };
  const answer = await fetch(`${service.url}/api/tasks/${id}/events/`, { method: 'HEAD', headers });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('Content-Type')).toContain('text/event-stream');
});
