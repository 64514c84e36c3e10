/** Causes and close codes of the end of an open socket, on a real service. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createTokens } from '../../src/auth/tokens.ts';
import { createUsers } from '../../src/auth/users.ts';
import { usersFilePath } from '../../src/auth/paths.ts';
import {
  type Caller,
  callUrl,
  createCaller,
  type Feed,
  openFeed,
  RejectedUpgrade,
  signIn,
} from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { openEvents } from '../support/event-stream.ts';
import { anonymously, jwtSecret, useService } from '../support/service.ts';
import { noneEnded } from '../unit/auth/fixtures.ts';

const service = useService();
let alice: Caller;
let root: Caller;

beforeAll(async () => {
  [alice, root] = await Promise.all([service.as('alice'), service.as('root')]);
});

const users = () => createUsers({ path: usersFilePath(service.home) });
const farAway = { name: 'far away', delay: 86_400 };

async function watch(caller: Caller, id: string): Promise<Feed> {
  const feed = await caller.watch(`/ws/tasks/${id}/`);
  await feed.until('the snapshot', ({ messages }) => messages.length > 0);
  return feed;
}

/** Waits until the socket is closed, and returns the close code. */
async function closeCode(feed: Feed, deadlineMs = 5000): Promise<number | undefined> {
  await feed.until('the close', ({ closed }) => closed.code !== undefined, deadlineMs);
  return feed.closed.code;
}

describe('a socket is closed with 4404', () => {
  test('for every watcher of a task that is deleted, while sockets of other tasks stay open', async () => {
    const [{ id }, other] = await Promise.all([alice.create(farAway), alice.create(farAway)]);
    const feeds = await Promise.all([watch(alice, id), watch(alice, id), watch(root, id)]);
    const bystander = await watch(alice, other.id);
    expect((await alice.call('DELETE', `/api/tasks/${id}/`)).status).toBe(204);
    for (const feed of feeds) expect(await closeCode(feed)).toBe(4404);
    expect(bystander.closed).toEqual({});
    bystander.socket.close();
    await expect(watch(alice, id)).rejects.toThrow(new RejectedUpgrade(404));
  });

  test('when its task is deleted after its end', async () => {
    const { id } = await alice.create({ name: 'brief', type: 'echo', delay: 0 });
    const feed = await watch(alice, id);
    await feed.until('the end', ({ tasks }) => tasks().at(-1)?.status === 'COMPLETED');
    const { status } = await alice.call('DELETE', `/api/tasks/${id}/`);
    expect(status).toBe(204);
    expect(await closeCode(feed)).toBe(4404);
  });
});

describe('a socket is closed with 4401', () => {
  async function addAndSignIn(name: string): Promise<Caller> {
    await users().add(name, `${name}-password-1`, 'user');
    return signIn(service.url, name, `${name}-password-1`);
  }

  test("when its user is removed; other users' sockets stay open, and the removed user's tasks still run", async () => {
    const carol = await addAndSignIn('carol');
    const [hers, others] = await Promise.all([carol.create(farAway), alice.create(farAway)]);
    const [feed, bystander] = await Promise.all([watch(carol, hers.id), watch(alice, others.id)]);
    await users().remove('carol');
    expect(await closeCode(feed)).toBe(4401);
    expect(bystander.closed).toEqual({});
    bystander.socket.close();
    // Documented rule: the tasks of a removed user still run.
    await root.call('POST', `/api/tasks/${hers.id}/run-now/`);
    await root.until(hers.id, 'the end of the task', ({ status }) => status === 'COMPLETED');
  });

  test("when its user's password changes, and the old token is rejected with 401 from then on", async () => {
    const dave = await addAndSignIn('dave');
    const feed = await watch(dave, (await dave.create(farAway)).id);
    await users().changePassword('dave', 'dave-password-2');
    expect(await closeCode(feed)).toBe(4401);
    await expect(watch(dave, feed.tasks()[0]?.id ?? '')).rejects.toThrow(new RejectedUpgrade(401));
  });

  test('when its admin is demoted to a user', async () => {
    await users().add('erin', 'erin-password-1', 'admin');
    const erin = await signIn(service.url, 'erin', 'erin-password-1');
    const feed = await watch(erin, (await alice.create(farAway)).id);
    await users().changeRole('erin', 'user');
    expect(await closeCode(feed)).toBe(4401);
  });

  test.each<[string, (name: string) => Promise<unknown>]>([
    ['is removed', (name) => users().remove(name)],
    ['gets a new password', (name) => users().changePassword(name, 'another-password')],
    ['is no longer an admin', (name) => users().changeRole(name, 'user')],
  ])('within 5 s when its user %s, and an event stream ends with the same code', async (what, change) => {
    const name = `frank-${what.replaceAll(' ', '-')}`;
    await users().add(name, 'a-good-password', 'admin');
    const frank = await signIn(service.url, name, 'a-good-password');
    const { id } = await alice.create(farAway);
    const headersOf = ({ token }: Caller) => ({ Authorization: `Bearer ${token}` });
    const streams = await Promise.all([
      openEvents(service, id, headersOf(frank)),
      openEvents(service, id, headersOf(alice)),
    ]);
    const [its, bystander] = streams;
    const feed = await frank.watch('/ws/tasks/');
    await waitFor('the first event of each stream', () =>
      streams.every(({ text }) => text.includes('data:')),
    );
    await change(name);
    expect(await closeCode(feed)).toBe(4401);
    await waitFor('the end of the stream', () => its.end.code !== undefined, 5000);
    expect(its.end.code).toBe(4401);
    expect(bystander.ended).toBe(false);
    bystander.leave();
  });

  test('when its refresh token is ended through another API process; a stream ends, too, and those of another sign-in stay', async () => {
    const { name: username, password } = service.users.alice;
    type Pair = { access: string; refresh: string };
    const post = (path: string, body: object) => anonymously<Pair>(service, 'POST', path, body);
    const issue = async () => (await post('/api/token/', { username, password })).body;
    const [pair, kept] = [await issue(), await issue()];
    const { body: refreshed } = await post('/api/token/refresh/', { refresh: pair.refresh });
    const callerOf = ({ access }: Pick<Pair, 'access'>) => createCaller(service.url, access);
    const [its, exchanged, other] = [callerOf(pair), callerOf(refreshed), callerOf(kept)];
    const { id } = await alice.create(farAway);
    const { body } = await its.call<{ ticket: string }>('POST', '/api/ws-ticket/');
    const byTicket = `${service.url.replace('http', 'ws')}/ws/tasks/${id}/?ticket=${body.ticket}`;
    const feeds = [await watch(its, id), await watch(exchanged, id), await openFeed(byTicket)];
    const bystander = await watch(other, id);
    const open = ({ token }: Caller) => openEvents(service, id, { Authorization: `Bearer ${token}` });
    const [stream, otherStream] = await Promise.all([open(its), open(other)]);
    await waitFor('the first event', () => stream.text.includes('data:'));

    const ended = await callUrl(`${service.secondUrl}/api/token/blacklist/`, 'POST', {
      refresh: pair.refresh,
    });
    expect(ended.status).toBe(200);
    for (const feed of feeds) expect(await closeCode(feed)).toBe(4401);
    await waitFor('the end of the stream', () => stream.end.code !== undefined, 5000);
    expect(stream.end.code).toBe(4401);
    await expect(watch(its, id)).rejects.toThrow(new RejectedUpgrade(401));
    expect([bystander.closed, otherStream.ended]).toEqual([{}, false]);
    bystander.socket.close();
    otherStream.leave();
  });

  test('when its access token expires, and not before', async () => {
    const account = (await users().list()).find(({ name }) => name === service.users.alice.name);
    if (!account) throw new Error('alice is missing');
    const accounts = { find: () => account, refresh: async () => undefined };
    const lifetimeMs = 15 * 60_000;
    const now = () => Date.now() - lifetimeMs + 3000;
    const tokens = createTokens({ secret: jwtSecret, accounts, endedTokens: noneEnded, now });
    const { id } = await alice.create(farAway);
    const issuedAt = Date.now();
    const { access } = await tokens.issue(account);
    const feed = await watch(createCaller(service.url, access), id);
    expect(await closeCode(feed)).toBe(4401);
    // Tokens state their expiry in whole seconds.
    expect(Date.now() - issuedAt).toBeGreaterThanOrEqual(1900);
    expect(feed.closed.reason).toBe('token expired');
  });

  test('when the access token that requested its ticket expires', async () => {
    const account = (await users().list()).find(({ name }) => name === service.users.alice.name);
    if (!account) throw new Error('alice is missing');
    const accounts = { find: () => account, refresh: async () => undefined };
    const now = () => Date.now() - 15 * 60_000 + 3000;
    const tokens = createTokens({ secret: jwtSecret, accounts, endedTokens: noneEnded, now });
    const { id } = await alice.create(farAway);
    const shortLived = createCaller(service.url, (await tokens.issue(account)).access);
    const { body } = await shortLived.call<{ ticket: string }>('POST', '/api/ws-ticket/');
    const url = `${service.url.replace('http', 'ws')}/ws/tasks/${id}/?ticket=${body.ticket}`;
    expect(await closeCode(await openFeed(url))).toBe(4401);
  });
});

describe('a client that sends messages', () => {
  test('stays connected and gets its feed if they are few', async () => {
    const { id } = await alice.create({ name: 'soon', type: 'echo', delay: 1 });
    const feed = await watch(alice, id);
    for (let i = 0; i < 20; i += 1) feed.socket.send('{"type":"hello"}');
    await feed.until('the end', ({ tasks }) => tasks().at(-1)?.status === 'COMPLETED');
    expect(feed.closed).toEqual({});
    feed.socket.close();
  });

  test('by the thousand is closed with 1008, without effect on other watchers', async () => {
    const { id } = await alice.create({ name: 'soon', type: 'echo', delay: 2 });
    const [flood, bystander] = await Promise.all([watch(alice, id), watch(alice, id)]);
    for (let i = 0; i < 10_000; i += 1) flood.socket.send('x'.repeat(100));
    expect(await closeCode(flood)).toBe(1008);
    await bystander.until('the end', ({ tasks }) => tasks().at(-1)?.status === 'COMPLETED');
    bystander.socket.close();
  });

  test('of more than 16 KiB is closed with 1009, and of exactly 16 KiB stays connected', async () => {
    const { id } = await alice.create(farAway);
    const fits = await watch(alice, id);
    fits.socket.send('x'.repeat(16 * 1024));
    const feed = await watch(alice, id);
    feed.socket.send('x'.repeat(16 * 1024 + 1));
    expect(await closeCode(feed)).toBe(1009);
    expect(fits.closed).toEqual({});
    fits.socket.close();
  });

  test('in fragments of more than 16 KiB in total is closed with 1009', async () => {
    const { id } = await alice.create(farAway);
    const feed = await watch(alice, id);
    for (let i = 0; i < 4; i += 1) feed.socket.send('x'.repeat(8 * 1024), { fin: false });
    expect(await closeCode(feed)).toBe(1009);
  });
});

describe('an API process that receives SIGTERM', () => {
  test('sends its watchers a draining notice and closes with 1012; the next process sends them a snapshot again', async () => {
    const { id } = await alice.create({ name: 'across the restart', type: 'echo', delay: 8 });
    const first = await service.startApi();
    const feed = await watch(createCaller(first.url ?? '', alice.token), id);
    process.kill(first.pid, 'SIGTERM');
    expect(await closeCode(feed)).toBe(1012);
    const notice = feed.messages.at(-1);
    expect(notice).toMatchObject({ type: 'notice', notice: 'draining' });
    expect(notice).not.toHaveProperty('status');
    expect(await first.ended).toBe('exit code 0');

    const second = await service.startApi({ PORT: new URL(first.url ?? '').port });
    expect(second.url).toBe(first.url);
    const again = await watch(createCaller(second.url ?? '', alice.token), id);
    expect(again.tasks()[0]).toMatchObject({ id, status: 'SCHEDULED', version: 1 });
    await again.until('the end', ({ tasks }) => tasks().at(-1)?.status === 'COMPLETED');
    again.socket.close();
    await second.close();
  });
});
