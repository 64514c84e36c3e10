import type { Command } from 'commander';
import { TaskbellError } from '../src/client/index.ts';
import { readConfig } from '../src/config.ts';
import { createAction, type Io } from '../src/lib/command.ts';
import { isAdministrationError } from '../src/processes/fixable-errors.ts';
import { runDemo } from './demo.ts';

interface Options {
  readonly url?: string;
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly keep?: boolean;
}

/** Defines `npm run demo`. @param files.weatherFile the CSV that one of its tasks summarises. */
export function defineDemo(program: Command, io: Io, files: { readonly weatherFile: string }): void {
  const action = createAction(io, { isFixable });
  program
    .description(
      'Schedules a handful of real tasks and shows them live until all have ended. Uses the service at HOST and PORT ' +
        '(127.0.0.1:8000) if it is up; otherwise starts its own and removes it at the end.',
    )
    .option('--url <url>', 'the address of a running service')
    .option('--user <name>', 'sign in as this user (default: a temporary user, removed at the end)')
    .option('--password-stdin', "read the user's password from standard input")
    .option('--keep', "keep the demo's own service running at the end, to look around; Ctrl-C stops it")
    .action(action((options: Options) => runDemo({ ...options, ...files, io, config: readConfig() })));
}

function isFixable(error: unknown): error is Error {
  return error instanceof TaskbellError || isAdministrationError(error);
}
