import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';

const main = resolve('dist/src/cli/main.js');

async function setUp() {
  const home = await mkdtemp(join(tmpdir(), 'taskbell-users-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const users = async (args: string, stdin = '') => {
    const child = spawn(process.execPath, [main, 'users', ...args.split(' ')], {
      env: { PATH: process.env['PATH'], TASKBELL_HOME: home },
    });
    child.stdin.on('error', () => {
      // The command may end without reading its input.
    });
    child.stdin.end(stdin);
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    return { out, err, code };
  };
  return { home, users };
}

test('`taskbell users` adds, lists, changes and removes users', async () => {
  const { home, users } = await setUp();
  expect(await users('list')).toMatchObject({ code: 0, out: expect.stringContaining('No users') });
  expect(await users('list --json')).toMatchObject({ code: 0, out: '[]\n' });
  expect(await users('add alice --password-stdin', 'alice-password-1\n')).toEqual({
    out: 'Added user alice.\n',
    err: '',
    code: 0,
  });
  expect(await users('add boss --admin --password-stdin', 'boss-password-1')).toMatchObject({ code: 0 });
  const { out } = await users('list --json');
  const listed: unknown = JSON.parse(out);
  expect(listed).toEqual([
    { id: expect.any(String), name: 'alice', role: 'user', created_at: expect.stringMatching(/Z$/) },
    { id: expect.any(String), name: 'boss', role: 'admin', created_at: expect.stringMatching(/Z$/) },
  ]);
  expect(await users('passwd alice --password-stdin', 'alice-password-2\n')).toMatchObject({ code: 0 });
  expect(await users('role boss user')).toMatchObject({ code: 0, out: 'boss has the role user.\n' });
  const removed = await users('remove alice');
  expect(removed).toMatchObject({ code: 0, out: expect.stringContaining('tasks are kept') });
  const table = (await users('list')).out;
  expect(table).toMatch(/^NAME {2}ROLE {3}CREATED\nboss {2}user {3}2\d{3}-/);
  // Each change is recorded, without passwords.
  const changes = await readFile(join(home, 'audit.jsonl'), 'utf8');
  expect(
    changes
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(
    [
      { action: 'users add', user: 'alice', role: 'user' },
      { action: 'users add', user: 'boss', role: 'admin' },
      { action: 'users passwd', user: 'alice' },
      { action: 'users role', user: 'boss', role: 'user' },
      { action: 'users remove', user: 'alice' },
    ].map((change) => ({ time: expect.any(String), by: userInfo().username, ...change })),
  );
});

test.each([
  ['add alice --password-stdin', 'good-password', 'error: a user named alice already exists\n'],
  ['add a/b --password-stdin', 'good-password', 'error: a name must have 1 to 150 letters'],
  ['add bob --password-stdin', 'short', 'error: the password must have at least 8 characters\n'],
  ['add bob --password-stdin', '', 'error: the password must have at least 8 characters\n'],
  ['add bob', 'good-password', 'error: cannot ask for the password without a terminal'],
  ['remove bob', '', 'error: there is no user named "bob" in HOME/users.json\n'],
  [
    'passwd bob --password-stdin',
    'good-password',
    'error: there is no user named "bob" in HOME/users.json\n',
  ],
  ['link bob', '', 'error: there is no user named "bob" in HOME/users.json\n'],
  ['role alice root', '', "error: command-argument value 'root' is invalid"],
  ['add', '', "error: missing required argument 'name'\n"],
])(
  '`taskbell users %s` with %j on stdin exits with code 1 and a one-line error, and changes nothing',
  async (args, stdin, message) => {
    const { home, users } = await setUp();
    await users('add alice --password-stdin', 'alice-password-1\n');
    const before = await readFile(join(home, 'users.json'), 'utf8');
    const { out, err, code } = await users(args, stdin);
    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(err).toContain(message.replace('HOME', home));
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(await readFile(join(home, 'users.json'), 'utf8')).toBe(before);
  },
);

test('a corrupt users file is left unchanged, and the error names it', async () => {
  const { home, users } = await setUp();
  const path = join(home, 'users.json');
  await writeFile(path, 'not JSON');
  for (const args of ['list', 'add alice --password-stdin', 'remove alice']) {
    const { err, code } = await users(args, 'alice-password-1');
    expect({ err, code }).toEqual({ err: `error: ${path} is corrupt: not JSON\n`, code: 1 });
  }
  expect(await readFile(path, 'utf8')).toBe('not JSON');
});

test('the help of `taskbell users remove` says that the tasks of a removed user are kept and still run', async () => {
  const { users } = await setUp();
  const { out, code } = await users('remove --help');
  expect(code).toBe(0);
  expect(out).toContain('tasks are kept and still run');
});
