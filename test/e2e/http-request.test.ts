/** Tasks of the type `http-request`, on a real server, and the secrets that they send. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { createSecretAdministration, type SecretAdministration } from '../../src/secrets/administration.ts';
import type { Caller } from '../support/caller.ts';
import { type UserName, useService } from '../support/service.ts';
import { hasEnded, quickly } from '../support/task.ts';

/** Requests to the target so far. */
const requests: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = [];
/** Done when the target gets a request for /then, before it answers 503. */
let meanwhile: () => Promise<unknown> = () => Promise.resolve();
/** Responds to /flaky with 503 twice and then with 200, to /missing always with 404, and to /echo with the request. */
const target = createServer((request, response) => {
  const { url = '', headers } = request;
  requests.push({ url, headers });
  const authorization = headers.authorization ?? '';
  if (url === '/flaky' && requestsOf('/flaky').length <= 2)
    response.writeHead(503, { 'Retry-After': '1' }).end('busy');
  else if (url === '/missing') response.writeHead(404).end('nothing here');
  else if (url === '/then' && requestsOf('/then').length === 1)
    void meanwhile().then(() => response.writeHead(503).end('busy'));
  else if (url.startsWith('/echo'))
    response
      .writeHead(url === '/echo-failed' ? 418 : 200, { 'X-Echo': authorization })
      .end(`${JSON.stringify({ authorization, headers })}\n${encodeURIComponent(authorization)}`);
  else response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"hello":"world"}');
});

const requestsOf = (url: string) => requests.filter((request) => request.url === url);

let targetHost: string;
let alice: Caller;
let temporal: Client;

beforeAll(async () => {
  await new Promise<void>((done) => target.listen(0, '127.0.0.1', done));
  targetHost = `127.0.0.1:${(target.address() as AddressInfo).port}`;
});
// Hooks run in the order in which they are declared: this one needs the target's address.
const service = useService(() => ({ environment: { TASKBELL_HTTP_ALLOW_HOSTS: targetHost } }));
beforeAll(async () => {
  alice = await service.as('alice');
  temporal = new Client({ connection: await Connection.connect({ address: inject('temporal').address }) });
});

afterAll(async () => {
  target.close();
  await temporal?.connection.close();
});

/** Creates a task that calls the target at once, and waits for its end. */
async function run(
  path: string,
  task: { as?: UserName; headers?: object; retry?: object } = {},
): Promise<Task> {
  const { as = 'alice', headers = {}, retry } = task;
  const caller = await service.as(as);
  const { id } = await caller.create({
    name: `calls ${path}`,
    type: 'http-request',
    delay: 0,
    payload: { url: `http://${targetHost}${path}`, headers },
    ...(retry && { retry }),
  });
  return caller.until(id, 'its end', hasEnded);
}

describe('a task of type http-request', () => {
  test('calls a real server, retries on 503 with the same idempotency key, and honours Retry-After', async () => {
    const ended = await run('/flaky', { retry: { max_retries: 3, initial_interval: 0.1 } });
    expect(ended).toMatchObject({ status: 'COMPLETED', attempt: 3, retry_count: 2, error_message: null });
    expect(ended.result).toMatchObject({ status: 200, body: '{"hello":"world"}', truncated: false });
    const keys = requestsOf('/flaky').map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    const [first, second] = ended.attempts;
    const gap = Date.parse(second?.started_at ?? '') - Date.parse(first?.finished_at ?? '');
    expect(gap).toBeGreaterThanOrEqual(1000);
  });

  test('ends FAILED after one attempt when the failure is final, and a retry by its owner starts a new run', async () => {
    const failed = await run('/missing');
    expect(failed).toMatchObject({ status: 'FAILED', attempt: 1, retry_count: 0, result: null });
    expect(failed.error_message).toMatch(/404/);

    const retried = await alice.call('POST', `/api/tasks/${failed.id}/retry/`);
    expect(retried.status).toBe(200);
    expect(retried.body).toMatchObject({ id: failed.id, retry_count: 1 });
    expect(Number(retried.body['version'])).toBeGreaterThan(failed.version);
    const again = await alice.until(
      failed.id,
      'the second failure',
      (task) => task.status === 'FAILED' && task.retry_count === 1,
    );
    expect(again.version).toBeGreaterThan(failed.version);
  });
});

describe('a secret', () => {
  const value = 'canary/budgie"55+aa==';
  const headers = { Authorization: { secret: 'crm-token', prefix: 'Bearer ' } };
  /** What Temporal and the API must not have: the value, as it is and as JSON and URLs escape it. */
  const canary = /canary|budgie/;

  const administration = () => createSecretAdministration(join(service.home, 'secrets.json'));
  type Changes = Partial<Parameters<SecretAdministration['set']>[0]>;
  const set = (changes: Changes = {}) =>
    administration().set({
      name: 'crm-token',
      hosts: [`http://${targetHost}`],
      owners: ['alice'],
      value,
      ...changes,
    });

  /** Returns the event history as the server keeps it, with the payloads as they are. */
  async function historyOf({ id }: Task): Promise<string> {
    const history = await temporal.workflow.getHandle(id).fetchHistory();
    return Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish()).toString();
  }

  test.each(['/echo', '/echo-failed'])(
    'reaches the server, and neither Temporal nor the API has its value, even if the server returns it: %s',
    async (path) => {
      await set();
      const ended = await run(path, { headers });
      expect(requestsOf(path).map((request) => request.headers.authorization)).toEqual([`Bearer ${value}`]);
      expect(ended.payload).toMatchObject({ headers });
      const shown = JSON.stringify(ended);
      const history = await historyOf(ended);
      for (const text of [shown, history]) {
        expect(text).not.toMatch(canary);
        expect(text).toContain('Bearer [secret crm-token]');
        expect(text).toContain('"secret":"crm-token"');
      }
    },
  );

  test.each<[string, UserName, () => Changes]>([
    ['of another account', 'bob', () => ({ owners: ['alice'] })],
    ['for other hosts', 'alice', () => ({ hosts: ['http://127.0.0.1', 'http://127.0.0.1:1'] })],
    ['for its host with TLS alone', 'alice', () => ({ hosts: [targetHost] })],
    ['that does not exist', 'alice', () => ({ name: 'other' })],
  ])(
    '%s is not sent, and its task fails without a retry and without the reason',
    async (_which, as, changes) => {
      await administration()
        .remove('crm-token')
        .catch(() => undefined);
      await set(changes());
      const before = requests.length;
      const { status, attempts } = await run('/', { as, headers });
      expect(status).toBe('FAILED');
      const message = 'There is no secret crm-token for this account and host';
      expect(attempts).toMatchObject([{ outcome: 'failed', error: { type: 'SecretUnavailable', message } }]);
      expect(requests).toHaveLength(before);
    },
  );

  test.each([
    [
      'changed',
      () => set({ value: 'another-value' }),
      ['Bearer canary/budgie"55+aa==', 'Bearer another-value'],
    ],
    ['removed', () => administration().remove('crm-token'), ['Bearer canary/budgie"55+aa==']],
  ])('that is %s between two attempts is so for the second', async (_how, change, sent) => {
    await set();
    requests.length = 0;
    meanwhile = change;
    const ended = await run('/then', { headers, retry: quickly });
    expect(requestsOf('/then').map((request) => request.headers.authorization)).toEqual(sent);
    expect(ended.attempts.map(({ error }) => error?.type ?? null)).toEqual([
      'HttpStatus',
      sent.length === 1 ? 'SecretUnavailable' : null,
    ]);
  });
});
