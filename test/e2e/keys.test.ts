/** `taskbell keys …`, run as from a shell. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { keysFilePath, usersFilePath } from '../../src/auth/paths.ts';
import { createUsers } from '../../src/auth/users.ts';

const main = resolve('dist/src/cli/main.js');

async function setUp(environment: Record<string, string> = {}) {
  const home = await mkdtemp(join(tmpdir(), 'taskbell-keys-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const env = { PATH: process.env['PATH'], TASKBELL_HOME: home, ...environment };
  const taskbell = async (...args: string[]) => {
    const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    return { out, err, code };
  };
  const users = createUsers({ path: usersFilePath(home) });
  for (const name of ['alice', 'bob']) await users.add(name, `${name}-password-1`, 'user');
  return { home, taskbell };
}

test('`taskbell keys` creates, lists and revokes a key, and prints it only once, alone on standard output', async () => {
  const { home, taskbell } = await setUp();
  expect(await taskbell('keys', 'list')).toMatchObject({ code: 0, out: expect.stringContaining('No keys') });
  const { out, err, code } = await taskbell('keys', 'create', 'alice', '--name', 'nightly build');
  expect(code).toBe(0);
  expect(out).toMatch(/^tb_[0-9a-f]{8}_[\w-]{43}\n$/);
  const [, prefix = ''] = out.split('_');
  expect(err).toContain(`\`npm run taskbell -- keys revoke ${prefix}\``);
  expect(err).not.toContain(out.trim());

  const listed = await taskbell('keys', 'list', '--json');
  expect(JSON.parse(listed.out)).toEqual([
    {
      prefix,
      name: 'nightly build',
      user: 'alice',
      scopes: ['read', 'write'],
      created_at: expect.stringMatching(/Z$/),
      expires_at: null,
    },
  ]);
  const table = await taskbell('keys', 'list');
  expect(table.out).toMatch(/^PREFIX {4}USER {3}SCOPES/);
  expect(table.out).toMatch(new RegExp(`\n${prefix}  alice  read,write  2\\S+  never    nightly build\n`));
  for (const shown of [listed.out, table.out, await readFile(keysFilePath(home), 'utf8')])
    expect(shown).not.toContain(out.trim().slice(12));

  const revoked = await taskbell('keys', 'revoke', prefix);
  expect(revoked).toEqual({ out: `Revoked ${prefix} (nightly build).\n`, err: '', code: 0 });
  expect(await taskbell('keys', 'list', '--json')).toMatchObject({ out: '[]\n' });
});

test('`taskbell keys create` makes a key with the given scopes and expiry, and with --json prints all its fields', async () => {
  const { taskbell } = await setUp();
  const args = [
    'keys',
    'create',
    'alice',
    '--name',
    'reader',
    '--scopes',
    'read',
    '--expires',
    '90d',
    '--json',
  ];
  const { out, err, code } = await taskbell(...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const made = JSON.parse(out) as Record<string, string>;
  expect(made).toMatchObject({
    key: `tb_${made['prefix']}_${made['key']?.slice(12)}`,
    scopes: ['read'],
    user: 'alice',
  });
  const days = (Date.parse(made['expires_at'] ?? '') - Date.parse(made['created_at'] ?? '')) / 86_400_000;
  expect(days).toBeCloseTo(90, 2);
});

test('`taskbell keys list` shows the keys of one user or of all, and those of a removed user are deleted', async () => {
  const { home, taskbell } = await setUp();
  for (const name of ['alice', 'alice', 'bob'])
    await taskbell('keys', 'create', name, '--name', `of ${name}`);
  const namesOf = async (...user: string[]) => {
    const { out } = await taskbell('keys', 'list', ...user, '--json');
    return (JSON.parse(out) as { name: string }[]).map(({ name }) => name);
  };
  expect(await namesOf('alice')).toEqual(['of alice', 'of alice']);
  expect(await namesOf()).toEqual(['of alice', 'of alice', 'of bob']);
  expect((await taskbell('users', 'remove', 'alice')).code).toBe(0);
  const left = JSON.parse(await readFile(keysFilePath(home), 'utf8')) as { keys: { label: string }[] };
  expect(left.keys.map(({ label }) => label)).toEqual(['of bob']);
});

const create = ['keys', 'create', 'alice', '--name', 'x'];

test.each<[string[], string]>([
  [['keys', 'create', 'carol', '--name', 'x'], 'error: there is no user named "carol" in HOME/users.json\n'],
  [['keys', 'create', 'alice'], "error: required option '--name <label>' not specified\n"],
  [['keys', 'create', 'alice', '--name', ''], 'error: a label must have 1 to 100 characters'],
  [['keys', 'create', 'alice', '--name', 'a\nb'], 'error: a label must have 1 to 100 characters'],
  [[...create, '--scopes', 'admin'], 'error: the scopes must be read, write or read,write\n'],
  [[...create, '--expires', 'tomorrow'], 'error: the expiry must be a number of days or hours'],
  [[...create, '--expires', '2020-01-01T00:00:00Z'], 'error: the expiry must be in the future\n'],
  [['keys', 'list', 'carol'], 'error: there is no user named "carol" in HOME/users.json\n'],
  [['keys', 'revoke', '01234567'], 'error: there is no key with the prefix "01234567" in HOME/keys.json\n'],
])(
  '`taskbell` with the arguments %j exits with code 1 and a one-line error, and creates no key',
  async (args, message) => {
    const { home, taskbell } = await setUp();
    const { out, err, code } = await taskbell(...args);
    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(err).toContain(message.replace('HOME', home));
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    await expect(readFile(keysFilePath(home))).rejects.toMatchObject({ code: 'ENOENT' });
  },
);

test('`taskbell keys create` is rejected if an identity provider manages the accounts', async () => {
  const { taskbell } = await setUp({ TASKBELL_JWKS_URL: 'https://login.example/keys' });
  const { out, err, code } = await taskbell(...create);
  expect({ out, code }).toEqual({ out: '', code: 1 });
  expect(err).toContain('identity provider');
});

test('a corrupt keys file is left unchanged, and the error names it', async () => {
  const { home, taskbell } = await setUp();
  await writeFile(keysFilePath(home), 'not JSON');
  for (const args of [create, ['keys', 'list'], ['keys', 'revoke', '01234567']]) {
    const { err, code } = await taskbell(...args);
    expect({ err, code }).toEqual({ err: `error: ${keysFilePath(home)} is corrupt: not JSON\n`, code: 1 });
  }
  expect(await readFile(keysFilePath(home), 'utf8')).toBe('not JSON');
});
