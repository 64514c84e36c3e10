/** The end of refresh tokens, and of the access tokens that belong to them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { createEndedCredentials } from '../../../src/auth/ended-credentials.ts';
import { endedTokens as kind } from '../../../src/auth/ended-kinds.ts';
import { deriveKey } from '../../../src/auth/keys.ts';
import { createTokens, type Tokens } from '../../../src/auth/tokens.ts';
import { withFileLock } from '../../../src/lib/file-lock.ts';
import { accountsInMemory, alice, notValid, secret, temporaryHome } from './fixtures.ts';

const dayMs = 24 * 3_600_000;
const bob = { ...alice, id: 'b4b4b0fc-1a57-4d0a-8d6e-6d5ad1a0a00b', name: 'bob' };

async function setUp(maxPerAccount = 3) {
  const path = join(await temporaryHome(), 'ended-tokens.json');
  const clock = { ms: Date.UTC(2030, 0, 1) };
  const now = () => clock.ms;
  const { accounts } = accountsInMemory(alice, bob);
  /** The accounts that had ended too many tokens. */
  const reported: string[] = [];
  /** Creates the tokens of another API process. */
  async function startProcess(): Promise<Tokens> {
    const endedTokens = await createEndedCredentials({
      kind: { ...kind, maxPerAccount },
      path,
      onError: (error) => expect.unreachable(String(error)),
      now,
      refreshEveryMs: 10,
      onTooMany: (account) => reported.push(account),
      lockTimes: { waitMs: 500 },
    });
    onTestFinished(() => endedTokens.close());
    return createTokens({ secret, accounts, endedTokens, now });
  }
  async function stored(): Promise<unknown[]> {
    return (JSON.parse(await readFile(path, 'utf8')) as { tokens: unknown[] }).tokens;
  }
  return { path, clock, stored, reported, startProcess, tokens: await startProcess() };
}

/** Returns the token as earlier versions issued it: it does not name a refresh token, nor the time of the sign-in. */
function asBefore(token: string): Promise<string> {
  const { refresh_jti: _id, started_at: _startedAt, ...claims } = decodeJwt(token);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(deriveKey(secret, 'tokens'));
}

const isRejected = (verification: Promise<unknown>) => expect(verification).rejects.toMatchObject(notValid);
const isAccepted = (verification: Promise<unknown>) => expect(verification).resolves.toBeDefined();

test('a refresh token ends with its access tokens and no others, in all processes and after restarts', async () => {
  const { tokens, startProcess } = await setUp();
  const other = await startProcess();
  const [pair, kept] = [await tokens.issue(alice), await tokens.issue(alice)];
  const { access: exchanged } = await other.refresh(pair.refresh);
  for (const access of [pair.access, exchanged]) await isAccepted(other.verifyAccess(access));
  await expect(tokens.end(pair.refresh)).resolves.toEqual(alice);
  await expect.poll(() => other.verifyAccess(pair.access).catch(() => 'rejected')).toBe('rejected');
  for (const each of [tokens, other, await startProcess()]) {
    await isRejected(each.refresh(pair.refresh));
    for (const access of [pair.access, exchanged]) await isRejected(each.verifyAccess(access));
    await isAccepted(each.verifyAccess(kept.access));
    await isAccepted(each.refresh(kept.refresh));
  }
});

test('a refresh token ends once, even if several calls in two processes end it at once', async () => {
  const { tokens, startProcess, stored } = await setUp();
  const other = await startProcess();
  const { refresh } = await tokens.issue(alice);
  const calls = [tokens, other, tokens, other].map((each) => each.end(refresh));
  const ends = await Promise.allSettled(calls);
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await stored()).toHaveLength(1);
});

test('while another process keeps the file locked, an end is rejected as unavailable; later it can be repeated', async () => {
  const { path, tokens, stored } = await setUp();
  const { refresh } = await tokens.issue(alice);
  await withFileLock(`${path}.lock`, async () => {
    const unavailable = { code: 'accounts_unavailable', retryAfterSeconds: 5 };
    await expect(tokens.end(refresh)).rejects.toMatchObject(unavailable);
    await expect(tokens.refresh(refresh)).resolves.toMatchObject({ account: alice });
  });
  await expect(tokens.end(refresh)).resolves.toEqual(alice);
  expect(await stored()).toHaveLength(1);
});

test('hundreds of calls that end one token at once do not keep others from ending theirs', async () => {
  const { tokens, stored } = await setUp();
  const [{ refresh }, other] = [await tokens.issue(alice), await tokens.issue(bob)];
  const ends = Promise.allSettled(Array.from({ length: 400 }, () => tokens.end(refresh)));
  await expect(tokens.end(other.refresh)).resolves.toEqual(bob);
  const outcomes = await ends;
  const rejected = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(rejected).toHaveLength(399);
  for (const { reason } of rejected) expect(reason).toMatchObject(notValid);
  expect(await stored()).toHaveLength(2);
});

test('only a refresh token that is still valid can be ended', async () => {
  const { tokens, clock, stored } = await setUp();
  const { access, refresh } = await tokens.issue(alice);
  for (const wrong of [access, '', 'x', refresh.slice(0, -3)]) await isRejected(tokens.end(wrong));
  clock.ms += dayMs;
  await isRejected(tokens.end(refresh));
  await expect(stored()).rejects.toMatchObject({ code: 'ENOENT' });
});

test('an access token that was issued in the last second of its refresh token does not become valid again', async () => {
  const { tokens, clock, stored } = await setUp();
  const { refresh } = await tokens.issue(alice);
  clock.ms += dayMs - 1000;
  const { access } = await tokens.refresh(refresh);
  await tokens.end(refresh);
  // Each end removes the entries that are no longer needed.
  clock.ms += 14 * 60_000;
  await tokens.end((await tokens.issue(alice)).refresh);
  await isRejected(tokens.verifyAccess(access));
  clock.ms += dayMs + 60_000 + 1000;
  await tokens.end((await tokens.issue(alice)).refresh);
  expect(await stored()).toHaveLength(2);
});

test('an ended token stays ended after a clock that was wrong by almost a day is right again', async () => {
  const { tokens, clock } = await setUp();
  const { refresh } = await tokens.issue(alice);
  await tokens.end(refresh);
  // Ahead of the time by less than a day, while the token would be valid: an end then removes entries.
  clock.ms += dayMs - 1000 + dayMs - 1000;
  await tokens.end((await tokens.issue(bob)).refresh);
  clock.ms -= dayMs - 1000;
  await expect(tokens.refresh(refresh)).rejects.toMatchObject(notValid);
});

test('a refresh token of an earlier version can be ended; an access token of one lasts until it expires', async () => {
  const { tokens, clock } = await setUp();
  const pair = await tokens.issue(alice);
  const [refresh, access] = [await asBefore(pair.refresh), await asBefore(pair.access)];
  const { access: exchanged } = await tokens.refresh(refresh);
  await expect(tokens.end(refresh)).resolves.toEqual(alice);
  await isRejected(tokens.refresh(refresh));
  await isRejected(tokens.verifyAccess(exchanged));
  await isAccepted(tokens.verifyAccess(access));
  clock.ms += 15 * 60_000;
  await isRejected(tokens.verifyAccess(access));
});

test('endless sign-outs do not fill the file: older tokens of the account end, and no others', async () => {
  const { tokens, clock, stored } = await setUp();
  const before = await tokens.issue(alice);
  const bobs = await tokens.issue(bob);
  for (let i = 0; i < 20; i += 1) {
    clock.ms += 1;
    await tokens.end((await tokens.issue(alice)).refresh);
  }
  expect((await stored()).length).toBeLessThanOrEqual(3);
  await isRejected(tokens.refresh(before.refresh));
  await isRejected(tokens.verifyAccess(before.access));
  await isAccepted(tokens.verifyAccess(bobs.access));
  // Within the same second, in which `iat` does not change.
  clock.ms += 1;
  const later = await tokens.issue(alice);
  await isAccepted(tokens.refresh(later.refresh));
  await isAccepted(tokens.verifyAccess(later.access));
  // This is remembered for as long as any of them would be valid.
  clock.ms += dayMs - 1000;
  await tokens.end((await tokens.issue(bob)).refresh);
  await isRejected(tokens.refresh(before.refresh));
  clock.ms += 2 * dayMs + 16 * 60_000;
  await tokens.end((await tokens.issue(alice)).refresh);
  expect(await stored()).toHaveLength(1);
});

test('an account that ends too many tokens keeps those after the older half, and is reported', async () => {
  const { tokens, clock, stored, reported } = await setUp(4);
  const issueLater = () => ((clock.ms += 1), tokens.issue(alice));
  const [before, ...ended] = [await issueLater(), await issueLater(), await issueLater(), await issueLater()];
  const kept = await issueLater();
  ended.push(await issueLater());
  for (const { refresh } of ended) await tokens.end(refresh);
  expect(reported).toEqual([]);
  ended.push(await issueLater());
  // In another order than they started.
  await tokens.end(ended.at(-1)?.refresh ?? '');
  expect(reported).toEqual([alice.id]);
  expect(await stored()).toHaveLength(3);
  for (const { access, refresh } of [before, ...ended]) {
    await isRejected(tokens.refresh(refresh));
    await isRejected(tokens.verifyAccess(access));
  }
  await isAccepted(tokens.refresh(kept.refresh));
  await isAccepted(tokens.verifyAccess(kept.access));
});

test('too many ended tokens are not reported if all of the older ones have expired', async () => {
  const { tokens, clock, stored, reported } = await setUp();
  for (let i = 0; i < 6; i += 1) {
    await tokens.end((await tokens.issue(alice)).refresh);
    clock.ms += 15 * 3_600_000;
  }
  expect(await stored()).toContainEqual(expect.objectContaining({ token: null }));
  expect(reported).toEqual([]);
});

test('too many ended tokens stay ended if they started by a clock that was an hour ahead', async () => {
  const { tokens, clock, stored } = await setUp();
  clock.ms += 3_600_000;
  const refreshes: string[] = [];
  for (let i = 0; i < 8; i += 1) {
    clock.ms += 1;
    refreshes.push((await tokens.issue(alice)).refresh);
  }
  clock.ms -= 3_600_000;
  for (const refresh of refreshes) await tokens.end(refresh);
  expect((await stored()).length).toBeLessThanOrEqual(3);
  for (const refresh of refreshes) await isRejected(tokens.refresh(refresh));
});
