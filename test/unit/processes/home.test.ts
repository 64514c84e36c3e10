import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockHome, runningAt } from '../../../src/processes/home-lock.ts';
import { checkHomeMode, makeHome, readOrCreateJwtSecret } from '../../../src/processes/home.ts';
import { isAlive, recordProcess } from '../../../src/lib/process-identity.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'taskbell-home-'));
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

test('a new home is private to its user', async () => {
  const path = join(home, 'new', 'home');
  await makeHome(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('a home that other users may enter is reported, and one that they may write to is rejected', async () => {
  expect(checkHomeMode(home)).toBeUndefined();
  await chmod(home, 0o755);
  expect(checkHomeMode(home)).toBe(
    `Other users may enter ${home} (mode 0755), which holds secrets. Run: chmod 700 ${home}`,
  );
  for (const mode of [0o770, 0o702, 0o777]) {
    await chmod(home, mode);
    expect(() => checkHomeMode(home)).toThrow(`Other users may write to ${home} (mode 0${mode.toString(8)})`);
  }
});

test('a JWT secret that other users may read is rejected, as ssh rejects its keys', async () => {
  await readOrCreateJwtSecret(home);
  await chmod(join(home, 'jwt-secret'), 0o640);
  await expect(readOrCreateJwtSecret(home)).rejects.toThrow(
    `Other users may read ${join(home, 'jwt-secret')} (mode 0640). Run \`chmod 600`,
  );
});

test('the address of a running service is known in its home until it ends', async () => {
  expect(await runningAt(home)).toBeUndefined();
  const lock = await lockHome(home);
  expect(await runningAt(home)).toBeUndefined();
  await lock.announce('http://127.0.0.1:8500');
  expect(await runningAt(home)).toBe('http://127.0.0.1:8500');
  await lock.release();
  expect(await runningAt(home)).toBeUndefined();
  const ended = { pid: 2 ** 22 + 1, startedAt: '1', url: 'http://127.0.0.1:8500' };
  await writeFile(join(home, 'up.lock'), JSON.stringify(ended));
  expect(await runningAt(home)).toBeUndefined();
});

test('the JWT secret is created once', async () => {
  const first = await readOrCreateJwtSecret(home);
  await expect(readOrCreateJwtSecret(home)).resolves.toBe(first);
});

test('an empty secret file is rejected', async () => {
  await writeFile(join(home, 'jwt-secret'), '\n', { mode: 0o600 });
  await expect(readOrCreateJwtSecret(home)).rejects.toThrow('Delete it, and a new one is made.');
});

test('a home can be locked once, and again after the release', async () => {
  const lock = await lockHome(home);
  await expect(lockHome(home)).rejects.toThrow(`Taskbell is already running here (pid ${process.pid}`);
  await lock.release();
  await (await lockHome(home)).release();
  expect(await readdir(home)).toEqual([]);
});

test.each([
  ['of a process that has ended', JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1' })],
  [
    'whose process id has been reused by another process',
    JSON.stringify({ pid: process.pid, startedAt: '1' }),
  ],
  ['that a crash left incomplete', '{"pid":'],
])('a lock %s is taken over', async (_what, content) => {
  await writeFile(join(home, 'up.lock'), content);
  await lockHome(home);
  expect(await readFile(join(home, 'up.lock'), 'utf8')).toContain(`"pid":${process.pid}`);
});

test('of many concurrent takeovers of a lock, one succeeds', async () => {
  await writeFile(join(home, 'up.lock'), '{}');
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockHome(home)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a process is distinguished from a later one with the same id', () => {
  const record = recordProcess(process.pid);
  expect(record).toMatchObject({ pid: process.pid });
  expect(isAlive({ pid: process.pid, startedAt: record?.startedAt })).toBe(true);
  expect(isAlive({ pid: process.pid, startedAt: '1' })).toBe(false);
});
