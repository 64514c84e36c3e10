import type { Command } from 'commander';
import { FileLockLost, FileLockTimeout } from '../lib/file-lock.ts';
import { ListFileError } from '../auth/list-file.ts';
import { UserError } from '../auth/users.ts';
import { ConfigError } from '../config.ts';
import { EngineError } from '../temporal/engine-error.ts';

/** Wraps an action so that its errors are reported. */
export type Reporter = <A extends unknown[]>(
  action: (...args: A) => Promise<void>,
) => (...args: A) => Promise<void>;

/** Creates a reporter: an error that the user can fix ends the process with code 1 and one line on stderr. */
export function createActionWrapper(command: Command): Reporter {
  return (action) =>
    async (...args) => {
      try {
        await action(...args);
      } catch (error) {
        if (!isExpected(error)) throw error;
        command.error(`error: ${error.message}`, { exitCode: 1 });
      }
    };
}

/** Returns whether the user can fix the error. Anything else is a defect and keeps its stack trace. */
function isExpected(error: unknown): error is Error {
  const ours = [UserError, ConfigError, EngineError, ListFileError, FileLockTimeout, FileLockLost];
  return ours.some((type) => error instanceof type) || (error instanceof Error && 'syscall' in error);
}
