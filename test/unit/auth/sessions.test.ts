import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { createEndedCredentials } from '../../../src/auth/ended-credentials.ts';
import { endedSessions as kind } from '../../../src/auth/ended-kinds.ts';
import { deriveKey } from '../../../src/auth/keys.ts';
import { createSessions, isCsrfTokenOf } from '../../../src/auth/sessions.ts';
import { createCredentialStatus } from '../../../src/auth/credential-status.ts';
import { createTokens, currentAccount } from '../../../src/auth/tokens.ts';
import { accountsInMemory, alice, noneEnded, notValid, secret, temporaryHome } from './fixtures.ts';

const hourMs = 3_600_000;

async function setUp() {
  const path = join(await temporaryHome(), 'ended-sessions.json');
  const clock = { ms: Date.UTC(2030, 0, 1) };
  const now = () => clock.ms;
  const { accounts, known } = accountsInMemory(alice);
  const silent = { refresh: async () => undefined, onChange: () => () => undefined };
  /** Creates the sessions of another API process. */
  async function startProcess() {
    const onError = (error: unknown): void => expect.unreachable(String(error));
    const endedSessions = await createEndedCredentials({
      kind: { ...kind, maxPerAccount: 3 },
      path,
      onError,
      now,
      refreshEveryMs: 10,
    });
    onTestFinished(() => endedSessions.close());
    const credentialStatus = createCredentialStatus({
      accounts: { ...accounts, ...silent },
      keys: { ...silent, has: () => false },
      endedSessions,
      endedTokens: { ...silent, has: () => false },
    });
    const accountOf = (id: string, generation: number) => currentAccount(accounts, id, generation);
    return createSessions({ secret: secret, accountOf, credentialStatus, endedSessions, now });
  }
  return { clock, known, accounts, path, startProcess, sessions: await startProcess() };
}

test('a session is valid for twelve hours, as long as its account does not change', async () => {
  const { sessions, clock, known } = await setUp();
  const { cookie, session } = await sessions.start(alice);
  expect(session.principal).toMatchObject({ ...alice, expiresAt: clock.ms + 12 * hourMs });
  await expect(sessions.verify(cookie)).resolves.toEqual(session);
  clock.ms += 12 * hourMs - 1000;
  await expect(sessions.verify(cookie)).resolves.toEqual(session);
  clock.ms += 1000;
  await expect(sessions.verify(cookie)).rejects.toMatchObject(notValid);
  const next = await sessions.start(alice);
  known.set(alice.id, { ...alice, generation: alice.generation + 1 });
  await expect(sessions.verify(next.cookie)).rejects.toMatchObject(notValid);
});

test('signing out ends only that session, in all processes and after restarts', async () => {
  const { sessions, startProcess } = await setUp();
  const other = await startProcess();
  const [first, second] = [await sessions.start(alice), await sessions.start(alice)];
  await expect(other.verify(first.cookie)).resolves.toEqual(first.session);
  await sessions.end(first.session);
  await expect(sessions.verify(first.cookie)).rejects.toMatchObject(notValid);
  await expect.poll(() => other.verify(first.cookie).catch(() => 'rejected')).toBe('rejected');
  await expect((await startProcess()).verify(first.cookie)).rejects.toMatchObject(notValid);
  await expect(other.verify(second.cookie)).resolves.toEqual(second.session);
});

test('endless sign-outs do not fill the file: older sessions of the account end, and later ones do not', async () => {
  const { sessions, clock, path } = await setUp();
  const kept = await sessions.start(alice);
  for (let i = 0; i < 20; i += 1) {
    clock.ms += 1;
    await sessions.end((await sessions.start(alice)).session);
  }
  const file = JSON.parse(await readFile(path, 'utf8')) as { sessions: unknown[] };
  expect(file.sessions.length).toBeLessThanOrEqual(4);
  await expect(sessions.verify(kept.cookie)).rejects.toMatchObject(notValid);
  clock.ms += 1;
  const later = await sessions.start(alice);
  await expect(sessions.verify(later.cookie)).resolves.toEqual(later.session);
  // Expired sessions need not be remembered, unless the clock was wrong by a day.
  clock.ms += 36 * hourMs;
  await sessions.end((await sessions.start(alice)).session);
  const after = JSON.parse(await readFile(path, 'utf8')) as { sessions: unknown[] };
  expect(after.sessions).toHaveLength(1);
});

test('what has ended stays ended when the clock is set back, although the file has no start of sessions', async () => {
  const { sessions, clock, path } = await setUp();
  const ended: string[] = [];
  for (let i = 0; i < 8; i += 1) {
    const { session, cookie } = await sessions.start(alice);
    clock.ms -= 60_000;
    await sessions.end(session);
    ended.push(cookie);
  }
  for (const cookie of ended) await expect(sessions.verify(cookie)).rejects.toMatchObject(notValid);
  const file = JSON.parse(await readFile(path, 'utf8')) as { sessions: object[] };
  for (const each of file.sessions)
    expect(Object.keys(each)).toEqual(['account', 'session', 'ended_at', 'forget_at']);
});

test('only a cookie that was signed as a session is accepted', async () => {
  const { sessions, accounts, clock } = await setUp();
  const { cookie } = await sessions.start(alice);
  const tokens = createTokens({ secret: secret, accounts, endedTokens: noneEnded, now: () => clock.ms });
  const { access } = await tokens.issue(alice);
  const withKey = (purpose: 'tokens' | 'sessions', claims = {}) =>
    new SignJWT({ ...decodeJwt(cookie), ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(deriveKey(secret, purpose));
  await expect(sessions.verify(await withKey('sessions'))).resolves.toMatchObject({});
  const wrong = [access, '', 'x', cookie.slice(0, -2), await withKey('tokens')];
  wrong.push(await withKey('sessions', { aud: 'taskbell' }), await withKey('sessions', { exp: undefined }));
  for (const each of wrong) await expect(sessions.verify(each), each).rejects.toMatchObject(notValid);
});

test('a CSRF token is valid for its session, and for no other', async () => {
  const { sessions } = await setUp();
  const [first, second] = [await sessions.start(alice), await sessions.start(alice)];
  expect(isCsrfTokenOf(first.session, first.session.csrfToken)).toBe(true);
  expect((await sessions.verify(first.cookie)).csrfToken).toBe(first.session.csrfToken);
  for (const wrong of ['', second.session.csrfToken, first.cookie, `${first.session.csrfToken}=`]) {
    expect(isCsrfTokenOf(first.session, wrong), wrong).toBe(false);
  }
});
