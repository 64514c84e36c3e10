import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FileLockLost, FileLockTimeout, withFileLock } from '../../../src/lib/file-lock.ts';
import { ownIdentity } from '../../../src/lib/process-identity.ts';
import { temporaryHome } from '../auth/fixtures.ts';
import { built, ended, firstOutput, startNode } from '../auth/processes.ts';

const token = '0123456789ab';
const notLinux = process.platform !== 'linux';

/** Reads a number and writes it back plus one, slowly: without a lock, increments get lost. */
const increment = `
  import { readFileSync, writeFileSync } from 'node:fs';
  import { setTimeout as delay } from 'node:timers/promises';
  import { withFileLock } from '${built('lib/file-lock')}';
  const [, lock, counter, times, end] = process.argv;
  for (let i = 1; i <= Number(times); i += 1) {
    await withFileLock(lock, async () => {
      const count = Number(readFileSync(counter, 'utf8'));
      await delay(1);
      writeFileSync(counter, String(count + 1));
      if (end === 'die-holding' && i === Number(times)) process.kill(process.pid, 'SIGKILL');
    });
  }`;

const hold = `
  import { withFileLock } from '${built('lib/file-lock')}';
  setInterval(() => {}, 1000);
  await withFileLock(process.argv[1], () => { console.log(process.pid); return new Promise(() => {}); });`;

async function setUp() {
  const home = await temporaryHome();
  const counter = join(home, 'counter');
  await writeFile(counter, '0');
  return {
    home,
    counter,
    lock: join(home, 'lock'),
    count: async () => Number(await readFile(counter, 'utf8')),
  };
}

/** Returns an identity in this place whose process has ended. */
async function deadIdentity() {
  const child = startNode('');
  await ended(child);
  return { ...ownIdentity(), pid: child.pid };
}

const immediately = { waitMs: 5_000, abandonedAfterMs: 60_000 };

describe('the lock', () => {
  test('admits one of 8 processes at a time, and leaves nothing behind', async () => {
    const { home, lock, counter, count } = await setUp();
    await Promise.all(
      Array.from({ length: 8 }, () => ended(startNode(increment, lock, counter, '10', 'return'))),
    );
    expect(await count()).toBe(80);
    expect(await readdir(home)).toEqual(['counter']);
  });

  test('admits one of many callers in one process at a time', async () => {
    const { lock } = await setUp();
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        withFileLock(lock, async () => {
          most = Math.max(most, (inside += 1));
          await readFile(lock);
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
  });

  test('is free again after work that failed', async () => {
    const { lock } = await setUp();
    await expect(withFileLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(withFileLock(lock, () => Promise.resolve('in'), { waitMs: 0 })).resolves.toBe('in');
  });

  test('is not taken from a living process', async () => {
    const { lock } = await setUp();
    const child = startNode(hold, lock);
    await firstOutput(child);
    const attempt = withFileLock(lock, () => Promise.resolve(), { waitMs: 200, abandonedAfterMs: 1 });
    await expect(attempt).rejects.toBeInstanceOf(FileLockTimeout);
  });

  test('that another holder took over is noticed before the work is committed, and is left to that holder', async () => {
    const { lock } = await setUp();
    const theirs = JSON.stringify({ token: token, ...ownIdentity() });
    const work = withFileLock(lock, async (held) => {
      await held.assertHeld();
      await writeFile(lock, theirs);
      await held.assertHeld();
    });
    await expect(work).rejects.toBeInstanceOf(FileLockLost);
    expect(await readFile(lock, 'utf8')).toBe(theirs);
  });

  test('with other content is an error that names the file, and is left alone', async () => {
    const { lock } = await setUp();
    await writeFile(lock, 'my notes');
    await expect(withFileLock(lock, () => Promise.resolve())).rejects.toThrow(lock);
    expect(await readFile(lock, 'utf8')).toBe('my notes');
  });
});

describe('a dead holder', () => {
  test('killed with -9 loses the lock at once', async () => {
    const { home, lock } = await setUp();
    const child = startNode(hold, lock);
    await firstOutput(child);
    child.kill('SIGKILL');
    await ended(child, 'SIGKILL');
    await expect(withFileLock(lock, () => Promise.resolve('in'), immediately)).resolves.toBe('in');
    expect(await readdir(home)).toEqual(['counter']);
  });

  test('followed by 8 that die one by one while holding the lock loses no increment of the counter', async () => {
    const { lock, counter, count } = await setUp();
    await writeFile(lock, JSON.stringify({ token: token, ...(await deadIdentity()) }));
    await Promise.all(
      Array.from({ length: 8 }, () =>
        ended(startNode(increment, lock, counter, '5', 'die-holding'), 'SIGKILL'),
      ),
    );
    expect(await count()).toBe(40);
  });

  test('is not taken over while a living process is taking over from it', async () => {
    const { lock } = await setUp();
    await writeFile(lock, JSON.stringify({ token: token, ...(await deadIdentity()) }));
    const takeover = `${lock}.takeover-${token}`;
    await writeFile(takeover, JSON.stringify({ token: 'ba9876543210', ...ownIdentity() }));
    const attempt = withFileLock(lock, () => Promise.resolve('in'), {
      waitMs: 100,
      abandonedAfterMs: 60_000,
    });
    await expect(attempt).rejects.toThrow(takeover);
  });

  test('that died while it took over from another dead holder is taken over as well', async () => {
    const { lock } = await setUp();
    const dead = await deadIdentity();
    await writeFile(lock, JSON.stringify({ token: token, ...dead }));
    await writeFile(`${lock}.takeover-${token}`, JSON.stringify({ token: 'ba9876543210', ...dead }));
    await expect(withFileLock(lock, () => Promise.resolve('in'), immediately)).resolves.toBe('in');
  });

  test.skipIf(notLinux)('whose process id has been reused by another process is recognized', async () => {
    const { lock } = await setUp();
    await writeFile(lock, JSON.stringify({ token: token, ...ownIdentity(), started: '1' }));
    await expect(withFileLock(lock, () => Promise.resolve('in'), immediately)).resolves.toBe('in');
  });

  test.skipIf(notLinux)('that its parent has not reaped is recognized', async () => {
    const { lock } = await setUp();
    const script = '"$0" --input-type=module -e "$1" -- "$2" & exec sleep 60';
    const parent = spawn('sh', ['-c', script, process.execPath, hold, lock], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const pid = Number(await firstOutput(parent));
    process.kill(pid, 'SIGKILL');
    await expect(withFileLock(lock, () => Promise.resolve('in'), immediately)).resolves.toBe('in');
    expect(await readFile(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ');
  });

  test('on another host is waited for, then presumed dead', async () => {
    const { lock } = await setUp();
    await writeFile(lock, JSON.stringify({ token: token, ...ownIdentity(), place: 'elsewhere' }));
    const impatient = withFileLock(lock, () => Promise.resolve(), { waitMs: 100, abandonedAfterMs: 60_000 });
    await expect(impatient).rejects.toBeInstanceOf(FileLockTimeout);
    const before = performance.now();
    await withFileLock(lock, () => Promise.resolve(), { waitMs: 5_000, abandonedAfterMs: 300 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(300);
  });
});
