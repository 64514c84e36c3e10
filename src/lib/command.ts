/** Shared parts of terminal commands: their streams, and how they report errors. */
import type { WriteStream } from 'node:tty';

/** A stream of text that may lead to a terminal. */
export type Output = NodeJS.WritableStream &
  Partial<Pick<WriteStream, 'isTTY' | 'hasColors' | 'columns' | 'rows'>>;

/** The streams of a command. Errors, questions and notes go to stderr. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Decides whether the user can fix an error. Its message then says how; any other error is a defect. */
export type IsFixable = (error: unknown) => error is Error;

/** How a command reports errors. */
export interface ErrorReport {
  readonly isFixable: IsFixable;
  /** Reports an error that the user can fix. By default, its message is printed as it is. */
  readonly report?: (error: Error, io: Io) => void;
}

/** Returns the message of an error that the user can fix, and the stack trace of any other. */
export function explain(error: unknown, isFixable: IsFixable): string {
  if (isFixable(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * Creates a wrapper for a command's function. The process ends with the exit code that the function returns,
 * 0 if it returns none, or 1 after an error, which is reported.
 */
export function createAction(io: Io, { isFixable, report }: ErrorReport) {
  return <A extends unknown[]>(run: (...args: A) => Promise<number | void>) =>
    async (...args: A): Promise<void> => {
      try {
        process.exitCode = (await run(...args)) ?? 0;
      } catch (error) {
        process.exitCode = 1;
        if (report && isFixable(error)) report(error, io);
        else io.stderr.write(`${explain(error, isFixable)}\n`);
      }
    };
}
