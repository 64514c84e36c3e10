import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../config.ts';
import { SetupError } from '../lib/setup-error.ts';
import { isErrno } from '../lib/errno.ts';
import { errorMessage } from '../lib/error-message.ts';

/** Creates TASKBELL_HOME, for this user only. @throws {SetupError} when it can't be created or written. */
export async function makeHome(home: string): Promise<void> {
  try {
    await makeFolder(home);
    await access(home, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new SetupError(
      `Cannot write to ${home} (${errorMessage(error)}). Set TASKBELL_HOME to a writable folder.`,
      { cause: error },
    );
  }
}

/**
 * Checks that other users can't change TASKBELL_HOME, since who replaces a file there owns all accounts.
 * @returns a warning if others may enter it; its files are private nevertheless.
 * @throws {SetupError} if others may write to it.
 */
export function checkHomeMode(home: string): string | undefined {
  // Windows has no such modes.
  if (process.platform === 'win32') return undefined;
  const mode = statSync(home).mode & 0o777;
  const remedy = `Run: chmod 700 ${home}`;
  if ((mode & 0o022) !== 0)
    throw new SetupError(
      `Other users may write to ${home} (mode ${octal(mode)}), and so become admins. ${remedy} (or, if this file system has no permissions, set TASKBELL_HOME to a folder on one that has)`,
    );
  if ((mode & 0o077) !== 0)
    return `Other users may enter ${home} (mode ${octal(mode)}), which holds secrets. ${remedy}`;
  return undefined;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/**
 * Creates a folder and its parents. mkdir's own `recursive` never returns on a file system (such as /proc)
 * that answers ENOENT although the parent exists.
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (isErrno(error, 'EEXIST') && statSync(path).isDirectory()) return;
    if (!isErrno(error, 'ENOENT') || existsSync(dirname(path))) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

/**
 * Returns the key with which the API signs tokens. It is generated only for the embedded server: with an
 * external one, API processes on other hosts need the same key, so it must be set.
 */
export async function resolveJwtSecret({ jwtSecret, home, temporal }: Config): Promise<string | undefined> {
  if (jwtSecret !== undefined || temporal.external !== undefined) return jwtSecret;
  return readOrCreateJwtSecret(home);
}

/** Reads HOME/jwt-secret, which the first start creates. If the file is lost, everyone has to sign in again. */
export async function readOrCreateJwtSecret(home: string): Promise<string> {
  const path = join(home, 'jwt-secret');
  try {
    const secret = (await readFile(path, 'utf8')).trim();
    rejectReadable(path);
    if (secret.length >= 32) return secret;
    throw new SetupError(
      `${path} does not hold a secret of at least 32 characters. Delete it, and a new one is made.`,
    );
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  const secret = randomBytes(48).toString('base64url');
  await writeFile(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  return secret;
}

/** Like ssh with its keys: with the secret, any user of this machine could sign in as any other. */
function rejectReadable(path: string): void {
  const mode = statSync(path).mode & 0o777;
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  throw new SetupError(
    `Other users may read ${path} (mode ${octal(mode)}). Run \`chmod 600 ${path}\`; if they may have read it, delete it ` +
      'instead: a new one is made, and everyone has to sign in again.',
  );
}
