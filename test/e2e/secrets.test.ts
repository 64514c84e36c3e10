/** `taskbell secrets …`, run as from a shell. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { usersFilePath } from '../../src/auth/paths.ts';
import { createUsers } from '../../src/auth/users.ts';
import { startTaskbell } from '../support/taskbell.ts';

const main = resolve('dist/src/cli/main.js');
const value = 'canary-7c1e+/=="é"';

async function setUp(environment: (home: string) => Record<string, string> = () => ({})) {
  const home = await mkdtemp(join(tmpdir(), 'taskbell-secrets-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const env = { PATH: process.env['PATH'], TASKBELL_HOME: home, ...environment(home) };
  const secrets = async (args: readonly string[], stdin = '') => {
    const child = spawn(process.execPath, [main, 'secrets', ...args], { env });
    child.stdin.on('error', () => {
      // The command may end without reading its input.
    });
    child.stdin.end(stdin);
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    return { out, err, code };
  };
  return { home, env, secrets, path: join(home, 'secrets.json') };
}

const set = ['set', 'crm-token', '--host', 'CRM.example.com, crm.internal:8443', '--owner', 'alice,bob'];

test('`taskbell secrets` sets, lists, replaces and removes a secret, and never prints its value', async () => {
  const { home, path, secrets } = await setUp();
  expect(await secrets(['list'])).toMatchObject({ code: 0, out: expect.stringContaining('No secrets') });
  expect(await secrets(set, `${value}\n`)).toEqual({ out: 'Set crm-token.\n', err: '', code: 0 });
  const file = async () => JSON.parse(await readFile(path, 'utf8')) as { secrets: { value: string }[] };
  expect(await file()).toMatchObject({ version: 1, secrets: [{ name: 'crm-token', value }] });
  expect((await stat(path)).mode & 0o777).toBe(0o600);

  expect(await secrets(['set', 'a', '--host', '[::1]', '--owner', 'alice'], 'another-value')).toMatchObject({
    code: 0,
  });
  const json = await secrets(['list', '--json']);
  const set_at = expect.stringMatching(/^2\d{3}-.*Z$/) as string;
  expect(JSON.parse(json.out)).toEqual([
    { name: 'a', hosts: ['[::1]'], owners: ['alice'], set_at },
    { name: 'crm-token', hosts: ['crm.example.com', 'crm.internal:8443'], owners: ['alice', 'bob'], set_at },
  ]);
  const table = await secrets(['list']);
  expect(table.out).toMatch(/^NAME {7}HOSTS +OWNERS {5}SET\na {10}\[::1\] +alice {6}2\S+\n/);
  expect(table.out).toMatch(/\ncrm-token {2}crm\.example\.com,crm\.internal:8443 {2}alice,bob {2}2\S+\n$/);

  expect((await secrets(['set', 'crm-token', '--host', 'x', '--owner', 'carol'], 'new-value\r\n')).code).toBe(
    0,
  );
  expect((await file()).secrets.map((each) => each.value)).toEqual(['another-value', 'new-value']);
  expect(await secrets(['remove', 'a'])).toEqual({ out: 'Removed a.\n', err: '', code: 0 });
  expect((await file()).secrets).toMatchObject([{ name: 'crm-token', owners: ['carol'], hosts: ['x'] }]);

  const audit = await readFile(join(home, 'audit.jsonl'), 'utf8');
  expect(
    audit
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(
    [
      {
        action: 'secrets set',
        secret: 'crm-token',
        hosts: ['crm.example.com', 'crm.internal:8443'],
        owners: ['alice', 'bob'],
      },
      { action: 'secrets set', secret: 'a', hosts: ['[::1]'], owners: ['alice'] },
      { action: 'secrets set', secret: 'crm-token', hosts: ['x'], owners: ['carol'] },
      { action: 'secrets remove', secret: 'a' },
    ].map((change) => ({ time: expect.any(String), by: userInfo().username, ...change })),
  );
  for (const shown of [json.out, table.out, audit]) expect(shown).not.toMatch(/canary|-value/);
});

test('`taskbell secrets set` notes an owner that is no user, and a value too short to be replaced', async () => {
  const { home, secrets } = await setUp();
  await createUsers({ path: usersFilePath(home) }).add('alice', 'alice-password-1', 'user');
  const { err, code } = await secrets(set, 'short');
  expect(code).toBe(0);
  expect(err).toBe(
    'Note: there is no user named "bob".\n' +
      'Note: a value of fewer than 8 characters is not replaced in results, errors and logs.\n',
  );
});

test('`taskbell secrets set` checks the rest before it reads the value; a corrupt users file is a note', async () => {
  const { home, env, secrets, path } = await setUp();
  const child = spawn(process.execPath, [main, 'secrets', 'set', 'no name', ...set.slice(2)], { env });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  // Its standard input stays open.
  expect(await text(child.stderr)).toContain("error: a secret's name must have");
  expect(await exited).toBe(1);
  await writeFile(usersFilePath(home), 'no users');
  const { err, code } = await secrets(set, value);
  const fault = `${usersFilePath(home)} is corrupt: not JSON`;
  expect({ err, code }).toEqual({ err: `Note: the owners were not checked: ${fault}.\n`, code: 0 });
  expect(await readFile(path, 'utf8')).toContain('crm-token');
});

test('TASKBELL_SECRETS_FILE names another file, whose changes are recorded beside it', async () => {
  const { home, secrets } = await setUp((home) => ({
    TASKBELL_SECRETS_FILE: join(home, 'own', 'file.json'),
  }));
  expect(await secrets(set, value)).toMatchObject({ err: '', code: 0 });
  expect(await readdir(home)).toEqual(['own']);
  expect((await readdir(join(home, 'own'))).toSorted()).toEqual(['audit.jsonl', 'file.json']);
});

test.each<[string[], string, string]>([
  [['set', 'crm-token', '--owner', 'alice'], value, "error: required option '--host <list>' not specified\n"],
  [['set', 'crm-token', '--host', 'x'], value, "error: required option '--owner <list>' not specified\n"],
  [set, `${value}\n\n`, "error: a secret's value must have 1 to 8192 characters"],
  [set, 'x'.repeat(20_000), 'error: the value on standard input is too long\n'],
  [['remove', 'other'], '', 'error: there is no secret named "other" in HOME/secrets.json\n'],
])(
  '`taskbell secrets` with the arguments %j exits with code 1 and a one-line error, and changes nothing',
  async (args, stdin, message) => {
    const { home, path, secrets } = await setUp();
    const { out, err, code } = await secrets(args, stdin);
    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(err).toContain(message.replace('HOME', home));
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).not.toContain('canary');
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  },
);

test('a corrupt secrets file is left unchanged, and the error names it, without its text', async () => {
  const { env, path, secrets } = await setUp();
  await writeFile(path, value);
  for (const args of [set, ['list'], ['remove', 'crm-token']]) {
    const { err, code } = await secrets(args, value);
    expect({ err, code }).toEqual({ err: `error: ${path} is corrupt: not JSON\n`, code: 1 });
  }
  const worker = startTaskbell(['worker'], env);
  expect(await worker.exitCode()).toBe(1);
  expect(worker.errors()).toBe(`${path} is corrupt: not JSON\n`);
  expect(await readFile(path, 'utf8')).toBe(value);
});
