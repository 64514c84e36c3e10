import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../config.ts';
import { EngineError, errorMessage } from '../engine/errors.ts';
import { isErrno } from '../engine/processes.ts';

/** Makes TASKBELL_HOME, for this user alone. @throws {EngineError} when it can't be made or written. */
export async function makeHome(home: string): Promise<void> {
  try {
    await makeFolder(home);
    await access(home, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new EngineError(
      `${home} can't be written (${errorMessage(error)}). Set TASKBELL_HOME to a folder that can.`,
      { cause: error },
    );
  }
}

/**
 * As mkdir's own `recursive`, which never ends where a file system (/proc, say) answers ENOENT although the parent is
 * there.
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
 * The key that signs tokens, as the API has it. Made for the embedded server alone: with another one, API processes
 * elsewhere must know it too, and it must be set.
 */
export async function jwtSecretOf({ jwtSecret, home, temporal }: Config): Promise<string | undefined> {
  if (jwtSecret !== undefined || temporal.external !== undefined) return jwtSecret;
  return provideJwtSecret(home);
}

/** Made at the first start: HOME/jwt-secret. Without it everybody has to sign in again. */
export async function provideJwtSecret(home: string): Promise<string> {
  const path = join(home, 'jwt-secret');
  try {
    const secret = (await readFile(path, 'utf8')).trim();
    if (secret.length >= 32) return secret;
    throw new EngineError(
      `${path} holds no secret of 32 characters or more. Delete it, and a new one is made.`,
    );
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  const secret = randomBytes(48).toString('base64url');
  await writeFile(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  return secret;
}
