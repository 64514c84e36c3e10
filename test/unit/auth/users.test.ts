import { join } from 'node:path';
import { expect, test } from 'vitest';
import { matchingForm } from '../../../src/auth/passwords.ts';
import { createUsers } from '../../../src/auth/users.ts';
import { UserError } from '../../../src/lib/user-error.ts';
import { ensureFirstUser } from '../../../src/processes/accounts.ts';
import { temporaryHome } from './fixtures.ts';
import { built, ended, startNode } from './processes.ts';

const add = `
  import { createUsers } from '${built('auth/users')}';
  const [, path, prefix] = process.argv;
  const users = createUsers({ path });
  for (let i = 0; i < 3; i += 1) await users.add(prefix + i, 'a-good-password', 'user');`;

const ensure = `
  import { ensureFirstUser } from '${built('processes/accounts')}';
  console.log(JSON.stringify(await ensureFirstUser(process.argv[1])));`;

async function setUp() {
  const home = await temporaryHome();
  const path = join(home, 'users.json');
  return { home, path, users: createUsers({ path, now: () => Date.UTC(2030, 0, 1) }) };
}

test('8 processes that add users at once lose none', async () => {
  const { path, users } = await setUp();
  await Promise.all(Array.from({ length: 8 }, (_, i) => ended(startNode(add, path, `user-${i}-`))));
  const names = (await users.list()).map((user) => user.name).sort();
  expect(names).toEqual(Array.from({ length: 24 }, (_, i) => `user-${Math.floor(i / 3)}-${i % 3}`));
});

test('processes that first start at the same time create one admin, and one of them gets the password', async () => {
  const { home, users } = await setUp();
  const outputs = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = startNode(ensure, home);
      let output = '';
      child.stdout?.on('data', (chunk) => (output += String(chunk)));
      await new Promise((resolve) => child.once('close', resolve));
      return JSON.parse(output) as { name: string; password?: string } | null;
    }),
  );
  const made = outputs.filter((output) => output?.password !== undefined);
  expect(made).toEqual([{ name: 'admin', password: expect.stringMatching(/^[\w-]{24,}$/) }]);
  const all = await users.list();
  expect(all).toMatchObject([{ name: 'admin', role: 'admin' }]);
  expect(await matchingForm(all[0]?.password_hash ?? '', made[0]?.password ?? '')).toBeDefined();
});

test('of concurrent calls in one process, one creates the first admin; once there are users, none does', async () => {
  const { home, users } = await setUp();
  const made = await Promise.all([1, 2, 3, 4].map(() => ensureFirstUser(home)));
  expect(made.filter((each) => each?.password !== undefined)).toHaveLength(1);
  expect(await users.list()).toHaveLength(1);
  expect((await ensureFirstUser(home))?.password).toBeUndefined();
});

test('a user is added with a random id, a password hash and the time', async () => {
  const { users } = await setUp();
  const added = await users.add('alice', 'alice-password-1', 'user');
  expect(await users.list()).toEqual([added]);
  expect(added).toMatchObject({ role: 'user', generation: 1, created_at: '2030-01-01T00:00:00.000Z' });
  expect(added.password_hash).toMatch(/^\$argon2id\$/);
});

test('a user who is added again under the same name gets another id', async () => {
  const { users } = await setUp();
  const first = await users.add('alice', 'alice-password-1', 'user');
  await users.remove('alice');
  const second = await users.add('alice', 'alice-password-1', 'user');
  expect(second.id).not.toBe(first.id);
});

test('a change of password or role raises the generation; setting the same role again does not', async () => {
  const { users } = await setUp();
  await users.add('alice', 'alice-password-1', 'user');
  await users.add('bob', 'alice-password-1', 'user');
  await users.changePassword('alice', 'alice-password-2');
  await users.changeRole('alice', 'admin');
  await users.changeRole('alice', 'admin');
  expect(await users.list()).toMatchObject([
    { name: 'alice', generation: 3, role: 'admin' },
    { name: 'bob', generation: 1, role: 'user' },
  ]);
});

test.each<[string, (users: ReturnType<typeof createUsers>) => Promise<unknown>, string]>([
  ['a taken name', (users) => users.add('alice', 'a-good-password', 'user'), 'already'],
  ['a taken name in another case', (users) => users.add('ALICE', 'a-good-password', 'user'), 'already'],
  ['a malformed name', (users) => users.add('a/b', 'a-good-password', 'user'), '1 to 150'],
  ['a reserved name', (users) => users.add('Shared', 'a-good-password', 'user'), 'reserved'],
  ['a short password', (users) => users.add('bob', 'short', 'user'), 'at least 8'],
  [
    'a password like the name',
    (users) => users.add('robert-b', 'Robert-B', 'user'),
    'not be the same as the name',
  ],
  ['removing an unknown user', (users) => users.remove('bob'), 'no user named "bob"'],
  ['removing a name in another case', (users) => users.remove('Alice'), 'no user named "Alice"'],
  ["an unknown user's password", (users) => users.changePassword('bob', 'a-good-password'), 'no user named'],
  ['a new password that is short', (users) => users.changePassword('alice', 'short'), 'at least 8'],
  ["an unknown user's role", (users) => users.changeRole('bob', 'admin'), 'no user named'],
])('%s is rejected, and nothing changes', async (_what, act, message) => {
  const { users } = await setUp();
  await users.add('alice', 'alice-password-1', 'user');
  const before = await users.list();
  const error = await act(users).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toContain(message);
  expect(await users.list()).toEqual(before);
});
