import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createApiKeys } from '../../../src/auth/api-keys.ts';
import { createKeyAdministration } from '../../../src/auth/key-administration.ts';
import { ListFileError } from '../../../src/lib/list-file.ts';
import { parseExpiry, parseScopes } from '../../../src/auth/new-key.ts';
import { allScopes } from '../../../src/auth/principal.ts';
import { createUsers } from '../../../src/auth/users.ts';
import { UserError } from '../../../src/lib/user-error.ts';
import { followedAccounts, notValid, temporaryHome } from './fixtures.ts';

const hourMs = 3_600_000;

async function setUp() {
  const home = await temporaryHome();
  const [usersFile, keysFile] = [join(home, 'users.json'), join(home, 'keys.json')];
  const clock = { ms: Date.UTC(2030, 0, 1) };
  const now = () => clock.ms;
  const users = createUsers({ path: usersFile });
  const alice = await users.add('alice', 'alice-password-1', 'user');
  const { accounts } = await followedAccounts(usersFile);
  const errors: unknown[] = [];
  const keys = await createApiKeys({
    accounts,
    path: keysFile,
    onError: (error) => errors.push(error),
    now,
    // Only requested refreshes.
    refreshEveryMs: 1_000_000,
  });
  onTestFinished(() => keys.close());
  const administration = createKeyAdministration({ keysFile, usersFile, now });
  const create = (more: { scopes?: typeof allScopes; expiresAt?: number } = {}) =>
    administration.create({
      user: 'alice',
      label: 'of the test',
      scopes: allScopes,
      expiresAt: null,
      ...more,
    });
  return { alice, users, keys, administration, create, clock, keysFile, errors };
}

describe('a key', () => {
  test('is 32 random bytes after its prefix, and only its SHA-256 is stored, in a private file', async () => {
    const { create, keysFile, alice } = await setUp();
    const { key, stored } = await create();
    expect(key).toMatch(/^tb_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/);
    expect(stored).toMatchObject({ prefix: key.slice(3, 11), account: alice.id, expires_at: null });
    const text = await readFile(keysFile, 'utf8');
    expect(text).toContain(stored.sha256);
    expect(text).not.toContain(key.slice(12));
    expect((await stat(keysFile)).mode & 0o777).toBe(0o600);
    expect((await create()).key).not.toBe(key);
  });

  test('is valid at once, for its account and its scopes', async () => {
    const { create, keys, alice, clock } = await setUp();
    const { key, stored } = await create({ scopes: ['read'], expiresAt: clock.ms + hourMs });
    await expect(keys.verify(key)).resolves.toEqual({
      id: alice.id,
      name: 'alice',
      role: 'user',
      generation: 1,
      scopes: ['read'],
      credential: { type: 'key', prefix: stored.prefix },
      expiresAt: clock.ms + hourMs,
    });
    expect(keys.has(alice.id, stored.prefix)).toBe(true);
    expect(keys.has('another account', stored.prefix)).toBe(false);
  });

  test('with another secret, prefix or format is rejected', async () => {
    const { create, keys } = await setUp();
    const { key } = await create();
    const { key: second } = await create();
    const swapped = key.slice(0, 12) + second.slice(12);
    const last = key.endsWith('A') ? 'B' : 'A';
    for (const wrong of [
      swapped,
      key.slice(0, -1) + last,
      key.slice(0, -1),
      `${key}A`,
      'tb_',
      `tb_00000000_${key.slice(12)}`,
    ]) {
      await expect(keys.verify(wrong), wrong).rejects.toMatchObject(notValid);
    }
  });

  test('is rejected from its expiry on', async () => {
    const { create, keys, clock } = await setUp();
    const { key } = await create({ expiresAt: clock.ms + hourMs });
    clock.ms += hourMs - 1;
    await expect(keys.verify(key)).resolves.toMatchObject({ name: 'alice' });
    clock.ms += 1;
    await expect(keys.verify(key)).rejects.toMatchObject(notValid);
  });

  test('is rejected once it is revoked, which is announced, and others stay valid', async () => {
    const { create, keys, administration, alice } = await setUp();
    const [{ key, stored }, other] = [await create(), await create()];
    await keys.refresh();
    let announced = 0;
    keys.onChange(() => (announced += 1));
    await administration.revoke(stored.prefix);
    await keys.refresh();
    await expect(keys.verify(key)).rejects.toMatchObject(notValid);
    expect(keys.has(alice.id, stored.prefix)).toBe(false);
    expect(announced).toBe(1);
    await expect(keys.verify(other.key)).resolves.toMatchObject({ name: 'alice' });
  });

  test('survives a change of password, follows the role, and is rejected once its account is removed', async () => {
    const { create, keys, users, alice } = await setUp();
    const { key } = await create();
    await users.changePassword('alice', 'alice-password-2');
    await users.changeRole('alice', 'admin');
    const verified = () => keys.verify(key).catch(() => undefined);
    await expect.poll(verified).toMatchObject({ id: alice.id, role: 'admin', generation: 3 });
    await users.remove('alice');
    await users.add('alice', 'alice-password-1', 'user');
    await expect.poll(verified).toBeUndefined();
  });
});

describe('the keys file', () => {
  test('keeps every key of many that are created at once', async () => {
    const { create, administration } = await setUp();
    const made = await Promise.all(Array.from({ length: 20 }, () => create()));
    const listed = (await administration.list('alice')).map(({ prefix }) => prefix);
    expect(listed.toSorted()).toEqual(made.map(({ stored }) => stored.prefix).toSorted());
  });

  test('that has become corrupt is reported and not written to, and the known keys stay valid', async () => {
    const { create, keys, keysFile, errors } = await setUp();
    const { key } = await create();
    await keys.refresh();
    await writeFile(keysFile, '{"version":1,"keys":[{"prefix":"x"}]}');
    await keys.refresh();
    expect(errors).toEqual([expect.any(ListFileError)]);
    await expect(keys.verify(key)).resolves.toMatchObject({ name: 'alice' });
    await expect(create()).rejects.toBeInstanceOf(ListFileError);
  });

  test('lists the keys of a removed account without a name', async () => {
    const { create, administration, users } = await setUp();
    await create();
    await users.remove('alice');
    expect(await administration.list()).toMatchObject([{ label: 'of the test', user: undefined }]);
    await expect(administration.list('alice')).rejects.toBeInstanceOf(UserError);
  });
});

describe('an expiry', () => {
  const now = Date.UTC(2030, 0, 1);
  test.each([
    ['90d', now + 90 * 24 * hourMs],
    ['12h', now + 12 * hourMs],
    ['2030-01-31T00:00:00+01:00', Date.UTC(2030, 0, 30, 23)],
  ])('of %s is accepted', (text, expected) => {
    expect(parseExpiry(text, now)).toBe(expected);
  });

  test.each([
    '0d',
    '-1d',
    '99999d',
    '1w',
    '',
    'soon',
    '2029-12-31T23:59:59Z',
    '2030-01-31',
    '9999-01-01T00:00:00Z',
  ])('of %j is rejected', (text) => {
    expect(() => parseExpiry(text, now)).toThrow(UserError);
  });
});

test('scopes are read, write or both, each once', () => {
  expect(parseScopes('read, write,read')).toEqual(['read', 'write']);
  expect(parseScopes('write')).toEqual(['write']);
  for (const wrong of ['', 'admin', 'read,', 'READ'])
    expect(() => parseScopes(wrong), wrong).toThrow(UserError);
});
