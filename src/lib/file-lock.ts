import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { isErrno } from './errno.ts';
import { liveness, ownIdentity } from './process-identity.ts';

/*
 * An inter-process lock that doesn't outlive a crash (Node has no flock).
 *
 *   free ── link(2) of a complete file, which fails if the lock exists ──▶ held by TOKEN ── removed ──▶ free
 *   held by TOKEN, holder dead ── rename over it, under the lock `PATH.takeover-TOKEN` ──▶ held by another
 *
 * The takeover lock keeps two waiters that both saw the dead holder from removing each other's lock. It is a lock like
 * any other, so if a process dies in a takeover, its lock is taken over in turn.
 */

const holderSchema = z.object({
  token: z.string().regex(/^[0-9a-f]{12}$/),
  pid: z.int().positive(),
  started: z.string(),
  place: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

/** The lock is held by a live process, and was not released in time. */
export class FileLockTimeout extends Error {
  override readonly name = 'FileLockTimeout';
}

/** Another process took over the lock while this one was still working under it. */
export class FileLockLost extends Error {
  override readonly name = 'FileLockLost';
}

export interface HeldLock {
  /**
   * Checks that the lock is still held. Call it right before the step that cannot be undone. @throws
   * {FileLockLost}
   */
  assertHeld(): Promise<void>;
}

export interface LockTimes {
  /** Maximum time to wait for the lock. */
  readonly waitMs: number;
  /**
   * Time for which a holder that cannot be checked (on another host or in another container) must be seen
   * holding the lock before it counts as dead. Work under a lock takes milliseconds.
   */
  readonly abandonedAfterMs: number;
}

const defaultTimes: LockTimes = { waitMs: 15_000, abandonedAfterMs: 10_000 };

/**
 * Runs `work` while holding the lock file at `path`; waiters, in this process and in others, take turns.
 * @throws {FileLockTimeout}
 */
export async function withFileLock<T>(
  path: string,
  work: (lock: HeldLock) => Promise<T>,
  times: Partial<LockTimes> = {},
): Promise<T> {
  const token = await acquire(path, { ...defaultTimes, ...times });
  const isHeld = async () => (await readHolder(path))?.token === token;
  try {
    return await work({
      async assertHeld() {
        if (!(await isHeld())) throw new FileLockLost(`${path} was taken over by another process`);
      },
    });
  } finally {
    if (await isHeld()) await rm(path, { force: true });
  }
}

async function acquire(path: string, times: LockTimes): Promise<string> {
  const token = randomBytes(6).toString('hex');
  const draft = `${path}.draft-${token}`;
  const deadline = performance.now() + times.waitMs;
  let watched: { token: string; since: number } | undefined;
  // Readable by all: the folder is private, and the service's own user must be able to read root's lock.
  await writeFile(draft, JSON.stringify({ token, ...ownIdentity() }), { flag: 'wx', mode: 0o644 });
  try {
    while (!(await linkExclusively(draft, path))) {
      const holder = await readHolder(path);
      if (holder === undefined) continue;
      if (watched?.token !== holder.token) watched = { token: holder.token, since: performance.now() };
      const state = liveness(holder);
      const silentMs = performance.now() - watched.since;
      if (state === 'dead' || (state === 'unknown' && silentMs >= times.abandonedAfterMs)) {
        if (await takeOver(path, holder, draft, times)) return token;
      } else if (performance.now() > deadline) {
        throw new FileLockTimeout(`${path} is held by process ${holder.pid}, which is still running`);
      } else {
        await delay(5 + Math.random() * 20);
      }
    }
    return token;
  } finally {
    await rm(draft, { force: true });
  }
}

/** @returns false if the dead holder's lock is no longer there. */
function takeOver(path: string, dead: Holder, draft: string, times: LockTimes): Promise<boolean> {
  return withFileLock(
    `${path}.takeover-${dead.token}`,
    async (takeover) => {
      if ((await readHolder(path))?.token !== dead.token) return false;
      await takeover.assertHeld();
      await rename(draft, path);
      await rm(`${path}.draft-${dead.token}`, { force: true });
      return true;
    },
    times,
  );
}

async function linkExclusively(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** @returns undefined if no process holds the lock. */
async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  const parsed = holderSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new FileLockTimeout(`${path} is not a Taskbell lock; remove it`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
