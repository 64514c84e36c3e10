import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ListFileError } from '../../../src/lib/list-file.ts';
import { readUsersFile, updateUsersFile, type User, userName } from '../../../src/auth/users-file.ts';
import { alice, djangoHash, temporaryHome } from './fixtures.ts';

const user: User = {
  id: alice.id,
  name: 'alice',
  role: 'user',
  password_hash: djangoHash('alice-password-1'),
  created_at: '2026-11-22T10:00:00.000Z',
  generation: 1,
};
const other: User = { ...user, id: 'b4b4b0fc-1a57-4d0a-8d6e-6d5ad1a0a002', name: 'bob' };

async function setUp(content?: unknown) {
  const home = join(await temporaryHome(), 'home');
  const path = join(home, 'users.json');
  if (content !== undefined) {
    await mkdir(home);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return { home, path };
}

describe('names', () => {
  test('are 1 to 150 letters, digits and _.@+-, and never a folder name with another meaning', () => {
    const anyName = fc.oneof(
      fc.string({ maxLength: 160 }),
      fc.string({ unit: fc.constantFrom(...'aZ09_.@+-/\\ \n'.split('')), maxLength: 6 }),
      fc.constantFrom('.', '..', '...', 'shared', 'SHARED', 'shared.', 'é', 'a'.repeat(150), 'a'.repeat(151)),
    );
    fc.assert(
      fc.property(anyName, (name) => {
        const allowed = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@+-');
        const right = name.length >= 1 && name.length <= 150 && Array.from(name).every((c) => allowed.has(c));
        const reserved = name === '.' || name === '..' || name.toLowerCase() === 'shared';
        expect(userName.safeParse(name).success).toBe(right && !reserved);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a write', () => {
  test('creates a private file in a private folder', async () => {
    const { home, path } = await setUp();
    await updateUsersFile(path, () => [user]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(home)).mode & 0o777).toBe(0o700);
    expect(await readdir(home)).toEqual(['users.json']);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 1, users: [user] });
  });

  test('makes a file private if it was not', async () => {
    const { path } = await setUp({ version: 1, users: [] });
    await chmod(path, 0o644);
    await updateUsersFile(path, () => [user]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test.skipIf(process.getuid?.() !== 0)("by root gives the file to the folder's owner", async () => {
    const { home, path } = await setUp({ version: 1, users: [user] });
    await chown(home, 1234, 1235);
    await updateUsersFile(path, (users) => [...users, other]);
    expect(await stat(path)).toMatchObject({ uid: 1234, gid: 1235 });
  });

  test('that changes nothing writes nothing', async () => {
    const { path } = await setUp({ version: 1, users: [user] });
    const before = await stat(path);
    await updateUsersFile(path, (users) => users);
    expect((await stat(path)).ino).toBe(before.ino);
  });

  test('that would make the file invalid is rejected', async () => {
    const { path } = await setUp({ version: 1, users: [user] });
    await expect(updateUsersFile(path, (users) => [...users, user])).rejects.toThrow('a name occurs twice');
    expect(await readUsersFile(path)).toEqual([user]);
  });

  test('replaces the file and what a crash left beside it, and never writes into either', async () => {
    const { home, path } = await setUp({ version: 1, users: [user] });
    await writeFile(`${path}.tmp`, 'half of a file');
    const before = await stat(path);
    await updateUsersFile(path, (users) => [...users, other]);
    expect((await stat(path)).ino).not.toBe(before.ino);
    expect(await readUsersFile(path)).toEqual([user, other]);
    expect(await readdir(home)).toEqual(['users.json']);
  });
});

describe('a file', () => {
  test('that is missing has no users', async () => {
    expect(await readUsersFile((await setUp()).path)).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['that is empty', ''],
    ['that is cut off', '{"version":1,"users":[{"id"'],
    ['of a later version', { version: 2, users: [] }],
    ['with an unknown field', { version: 1, users: [{ ...user, passwort: 'x' }] }],
    ['with __proto__', '{"version":1,"users":[],"__proto__":{"role":"admin"}}'],
    ['with an unknown role', { version: 1, users: [{ ...user, role: 'root' }] }],
    ['with a plain password', { version: 1, users: [{ ...user, password_hash: 'hunter22' }] }],
    ['with a name that is a path', { version: 1, users: [{ ...user, name: '../x' }] }],
    ['with a name twice', { version: 1, users: [user, { ...other, name: 'ALICE' }] }],
    ['with an id twice', { version: 1, users: [user, { ...other, id: user.id }] }],
  ])('%s is an error that says so, and is never overwritten', async (_what, content) => {
    const { home, path } = await setUp(content);
    const before = await readFile(path, 'utf8');
    await expect(readUsersFile(path)).rejects.toThrow(ListFileError);
    const error = await updateUsersFile(path, () => [user]).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ListFileError);
    expect(String(error)).toContain(`${path} is corrupt: `);
    expect(String(error)).not.toMatch(/\n|hunter22/);
    // Logs show the causes of an error, too.
    expect(error).not.toHaveProperty('cause');
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await readdir(home)).toEqual(['users.json']);
  });

  test('that is a folder is an error that names it', async () => {
    const { path } = await setUp();
    await mkdir(path, { recursive: true });
    await expect(readUsersFile(path)).rejects.toThrow(`${path} is no file`);
  });
});
