import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createUsers } from '../../../src/auth/users.ts';
import { createFirstUserRecord } from '../../../src/auth/first-user.ts';
import { addTemporaryUser, ensureFirstUser, hasUsersFile } from '../../../src/processes/accounts.ts';

async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'taskbell-accounts-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

test('a temporary user is in the users file until it is removed', async () => {
  const home = await makeHome();
  expect(await hasUsersFile(home)).toBe(false);
  const user = await addTemporaryUser(home, 'demo', 'user');
  expect(await hasUsersFile(home)).toBe(true);
  expect(user.username).toMatch(/^demo-[0-9a-f]{8}$/);
  const users = createUsers({ path: user.usersFile });
  expect(await users.list()).toMatchObject([{ name: user.username, role: 'user' }]);
  await user.remove();
  expect(await users.list()).toEqual([]);
});

test('a temporary user can be removed twice', async () => {
  const user = await addTemporaryUser(await makeHome(), 'demo', 'admin');
  await user.remove();
  await expect(user.remove()).resolves.toBeUndefined();
});

test('the first user is announced at each start until its first sign-in, its password only once', async () => {
  const home = await makeHome();
  expect(await ensureFirstUser(home)).toEqual({ name: 'admin', password: expect.stringMatching(/^\S{24}$/) });
  expect(await ensureFirstUser(home)).toEqual({ name: 'admin' });
  const record = createFirstUserRecord(home);
  await record.signedIn('another');
  expect(await ensureFirstUser(home)).toEqual({ name: 'admin' });
  await record.signedIn('admin');
  expect(await ensureFirstUser(home)).toBeNull();
});

test('no first user is created or announced where users were added before', async () => {
  const home = await makeHome();
  await addTemporaryUser(home, 'own', 'admin');
  expect(await ensureFirstUser(home)).toBeNull();
});
