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
