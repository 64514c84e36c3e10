/** The errors that the user of a command can fix: their messages say how. */
import { ConfigError } from '../config.ts';
import { FileLockLost, FileLockTimeout } from '../lib/file-lock.ts';
import { ListFileError } from '../lib/list-file.ts';
import { SetupError } from '../lib/setup-error.ts';
import { UserError } from '../lib/user-error.ts';
import { TemporalUnreachable } from '../temporal/unreachable.ts';

/**
 * Returns whether an error is about the set-up, so that a restart does not help. A TemporalUnreachable is not: the
 * server may be back by then.
 */
export function isSetupError(error: unknown): error is Error {
  return error instanceof ConfigError || error instanceof SetupError;
}

/** Returns whether the user of a command that runs the service can fix an error. */
export function isServiceError(error: unknown): error is Error {
  return isSetupError(error) || error instanceof TemporalUnreachable;
}

/** Returns whether the user of a command that administers TASKBELL_HOME can fix an error. */
export function isAdministrationError(error: unknown): error is Error {
  const types = [UserError, ListFileError, FileLockTimeout, FileLockLost];
  const isSystemError = error instanceof Error && 'syscall' in error;
  return isSetupError(error) || isSystemError || types.some((type) => error instanceof type);
}
