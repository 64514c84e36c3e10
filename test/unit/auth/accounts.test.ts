import { hash } from '@node-rs/argon2';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type AccountsChange, createAccounts } from '../../../src/auth/accounts.ts';
import { createUsers } from '../../../src/auth/users.ts';
import { ListFileError } from '../../../src/lib/list-file.ts';
import { readUsersFile, updateUsersFile } from '../../../src/auth/users-file.ts';
import { djangoHash, followedAccounts, temporaryHome } from './fixtures.ts';

const password = 'alice-password-1';
const tooMany = { code: 'too_many_requests', retryAfterSeconds: 1 };

async function setUp() {
  const path = join(await temporaryHome(), 'users.json');
  const users = createUsers({ path });
  const { id } = await users.add('alice', password, 'user');
  return { path, users, id };
}

/** Collects the changes announced from now on. */
function changesOf(accounts: Awaited<ReturnType<typeof createAccounts>>): AccountsChange[] {
  const changes: AccountsChange[] = [];
  accounts.onChange((change) => changes.push(change));
  return changes;
}

describe('sign-in', () => {
  test('accepts the right name and password in the right case, and gives no hash away', async () => {
    const { path, id } = await setUp();
    const { accounts } = await followedAccounts(path);
    const alice = { id, name: 'alice', role: 'user', generation: 1 };
    await expect(accounts.verifyPassword('alice', password)).resolves.toEqual(alice);
    expect(accounts.find(id)).toEqual(alice);
    await expect(accounts.verifyPassword('alice', 'Alice-password-1')).resolves.toBeUndefined();
    await expect(accounts.verifyPassword('Alice', password)).resolves.toBeUndefined();
    await expect(accounts.verifyPassword('unknown', password)).resolves.toBeUndefined();
    await expect(accounts.verifyPassword('__proto__', '')).resolves.toBeUndefined();
  });

  test('takes as long for an unknown name as for a known one', async () => {
    const { path } = await setUp();
    const { accounts } = await followedAccounts(path);
    const fastest = { alice: Infinity, unknown: Infinity };
    // In turns, so that a busy machine slows both; the fastest of each is the one it disturbed least.
    for (let round = 0; round < 10; round += 1) {
      for (const name of ['alice', 'unknown'] as const) {
        const before = performance.now();
        await accounts.verifyPassword(name, 'not the password');
        fastest[name] = Math.min(fastest[name], performance.now() - before);
      }
    }
    // Without the dummy hash it would take a hundredth of the time.
    expect(fastest.unknown / fastest.alice).toBeGreaterThan(0.4);
  });

  test('costs as much for an unknown name, and one with another kind of hash, as for one with a hash of Django', async () => {
    const { path, users } = await setUp();
    await users.add('bob', password, 'user');
    const password_hash = djangoHash(password, 200_000);
    await updateUsersFile(path, (all) =>
      all.map((user) => (user.name === 'bob' ? { ...user, password_hash } : user)),
    );
    const { accounts } = await followedAccounts(path);
    const least = { alice: Infinity, bob: Infinity, unknown: Infinity };
    for (let round = 0; round < 3; round += 1) {
      for (const name of ['alice', 'bob', 'unknown'] as const) {
        // Processor time, which other processes hardly change.
        const before = process.cpuUsage();
        await accounts.verifyPassword(name, 'not the password');
        least[name] = Math.min(least[name], process.cpuUsage(before).user);
      }
    }
    // A hash of Django takes several times as long as the others.
    expect(least.unknown / least.bob).toBeGreaterThan(0.6);
    expect(least.alice / least.bob).toBeGreaterThan(0.6);
  });

  test('replaces a hash of the password as it was typed, so that it matches however it is typed', async () => {
    const { path } = await setUp();
    const [composed, decomposed] = ['Schl\u00FCssel-9', 'Schlu\u0308ssel-9'];
    const password_hash = await hash(decomposed, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
    await updateUsersFile(path, (all) => all.map((user) => ({ ...user, password_hash })));
    const { accounts } = await followedAccounts(path);
    await expect(accounts.verifyPassword('alice', composed)).resolves.toBeUndefined();
    await expect(accounts.verifyPassword('alice', decomposed)).resolves.toMatchObject({ name: 'alice' });
    await expect(accounts.verifyPassword('alice', composed)).resolves.toMatchObject({ name: 'alice' });
  });

  test('hashes nothing for a password that is too long', async () => {
    const { path } = await setUp();
    const accounts = await createAccounts({
      usersFile: path,
      onError: () => {},
      concurrentVerifications: 0,
      queuedVerifications: 0,
    });
    onTestFinished(() => accounts.close());
    await expect(accounts.verifyPassword('alice', 'x'.repeat(1_025))).resolves.toBeUndefined();
    await expect(accounts.verifyPassword('alice', 'x'.repeat(1_024))).rejects.toMatchObject(tooMany);
  });

  test('is rejected with too_many_requests when too many are waiting, and the others are served', async () => {
    const { path } = await setUp();
    const accounts = await createAccounts({
      usersFile: path,
      onError: () => {},
      concurrentVerifications: 2,
      queuedVerifications: 3,
    });
    onTestFinished(() => accounts.close());
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => accounts.verifyPassword('alice', password)),
    );
    const rejected = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(rejected).toHaveLength(3);
    for (const outcome of rejected) expect(outcome.reason).toMatchObject(tooMany);
    await expect(accounts.verifyPassword('alice', password)).resolves.toMatchObject({ name: 'alice' });
  });

  test("accepts Django's hash once, and replaces it without ending any token", async () => {
    const { path, id } = await setUp();
    const password_hash = djangoHash(password);
    await updateUsersFile(path, (users) => users.map((user) => ({ ...user, password_hash })));
    const { accounts, errors } = await followedAccounts(path);
    const changes = changesOf(accounts);
    await expect(accounts.verifyPassword('alice', 'wrong-password')).resolves.toBeUndefined();
    expect(await readUsersFile(path)).toMatchObject([{ password_hash }]);
    await expect(accounts.verifyPassword('alice', password)).resolves.toMatchObject({ id, generation: 1 });
    expect(await readUsersFile(path)).toMatchObject([
      { id, generation: 1, password_hash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/) },
    ]);
    await expect(accounts.verifyPassword('alice', password)).resolves.toMatchObject({ id });
    expect([changes, errors]).toEqual([[], []]);
  });

  test('succeeds even if the new hash cannot be stored, and reports that', async () => {
    const { path } = await setUp();
    const password_hash = djangoHash(password);
    await updateUsersFile(path, (users) => users.map((user) => ({ ...user, password_hash })));
    const { accounts, errors } = await followedAccounts(path);
    await writeFile(`${path}.lock`, 'in the way');
    await expect(accounts.verifyPassword('alice', password)).resolves.toMatchObject({ name: 'alice' });
    expect(errors).toHaveLength(1);
    expect(await readUsersFile(path)).toMatchObject([{ password_hash }]);
  });
});

describe('a running process', () => {
  test('notices by itself when users are added and removed', async () => {
    const { path, users, id } = await setUp();
    const { accounts } = await followedAccounts(path);
    const changes = changesOf(accounts);
    const bob = await users.add('bob', password, 'admin');
    await vi.waitFor(() => expect(accounts.find(bob.id)).toMatchObject({ name: 'bob', role: 'admin' }));
    await users.remove('alice');
    await vi.waitFor(() => expect(accounts.find(id)).toBeUndefined());
    expect(changes).toEqual([{ removed: [id], demoted: [], changed: [] }]);
  });

  test('notices a new password at the next sign-in, without waiting for its timer', async () => {
    const { path, users, id } = await setUp();
    const { accounts } = await followedAccounts(path, 3_600_000);
    await users.changePassword('alice', 'alice-password-2');
    await expect(accounts.verifyPassword('alice', password)).resolves.toBeUndefined();
    await expect(accounts.verifyPassword('alice', 'alice-password-2')).resolves.toMatchObject({
      id,
      generation: 2,
    });
  });

  test('announces who was removed, demoted or changed, each once', async () => {
    const { path, users, id } = await setUp();
    const boss = await users.add('boss', password, 'admin');
    const bob = await users.add('bob', password, 'user');
    const { accounts, errors } = await followedAccounts(path, 3_600_000);
    accounts.onChange(() => {
      throw new Error('a listener that fails harms no other');
    });
    const changes = changesOf(accounts);
    const unsubscribe = accounts.onChange(() => expect.unreachable('unsubscribed'));
    unsubscribe();
    await users.changePassword('alice', 'alice-password-2');
    await users.changeRole('boss', 'user');
    await users.remove('bob');
    await users.add('carol', password, 'user');
    await accounts.refresh();
    await accounts.refresh();
    expect(changes).toEqual([{ removed: [bob.id], demoted: [boss.id], changed: [id] }]);
    expect(errors).toHaveLength(1);
  });

  test('keeps the last valid users while the file is corrupt, reports that once, and recovers once it is repaired', async () => {
    const { path, users, id } = await setUp();
    const { accounts, errors } = await followedAccounts(path);
    const changes = changesOf(accounts);
    const good = await readFile(path, 'utf8');
    await writeFile(path, good.slice(0, -10));
    await vi.waitFor(() => expect(errors).toHaveLength(1));
    expect(errors[0]).toBeInstanceOf(ListFileError);
    await accounts.refresh();
    await expect(accounts.verifyPassword('alice', password)).resolves.toMatchObject({ id });
    expect(errors).toHaveLength(1);
    await writeFile(path, good);
    await users.changePassword('alice', 'alice-password-2');
    await vi.waitFor(() => expect(accounts.find(id)).toMatchObject({ generation: 2 }));
    expect(changes).toEqual([{ removed: [], demoted: [], changed: [id] }]);
    expect(errors).toHaveLength(1);
  });

  test('treats a deleted file as no users', async () => {
    const { path, id } = await setUp();
    const { accounts } = await followedAccounts(path);
    const changes = changesOf(accounts);
    await rm(path);
    await vi.waitFor(() => expect(accounts.find(id)).toBeUndefined());
    expect(changes).toEqual([{ removed: [id], demoted: [], changed: [] }]);
  });

  test.skipIf(process.getuid?.() === 0)(
    'keeps its users while it lacks the permission to read the file',
    async () => {
      const { path, id } = await setUp();
      const { accounts, errors } = await followedAccounts(path);
      await chmod(path, 0o000);
      await vi.waitFor(() => expect(errors).toHaveLength(1));
      expect(accounts.find(id)).toBeDefined();
    },
  );

  test('no longer reads the file after close()', async () => {
    const { path, users, id } = await setUp();
    const { accounts } = await followedAccounts(path, 10);
    accounts.close();
    await users.remove('alice');
    const other = await followedAccounts(path, 10);
    const changes = changesOf(other.accounts);
    await users.add('bob', password, 'user');
    await users.remove('bob');
    // The other instance, on the same interval, has had its turn after all of that.
    await vi.waitFor(() => expect(other.accounts.find(id)).toBeUndefined());
    await other.accounts.refresh();
    expect(changes.length).toBeLessThanOrEqual(1);
    expect(accounts.find(id)).toBeDefined();
  });
});

describe('at the start', () => {
  test('a missing file means no users, until it exists', async () => {
    const path = join(await temporaryHome(), 'users.json');
    const { accounts } = await followedAccounts(path);
    await expect(accounts.verifyPassword('alice', password)).resolves.toBeUndefined();
    await createUsers({ path }).add('alice', password, 'user');
    await expect(accounts.verifyPassword('alice', password)).resolves.toMatchObject({ name: 'alice' });
  });

  test('a corrupt file is an error', async () => {
    const path = join(await temporaryHome(), 'users.json');
    await writeFile(path, '{}');
    await expect(createAccounts({ usersFile: path, onError: () => {} })).rejects.toBeInstanceOf(
      ListFileError,
    );
  });
});
