import { Command } from 'commander';
import { UserError } from '../auth/users.ts';
import { ListFileError } from '../auth/list-file.ts';
import { ConfigError, readConfig } from '../config.ts';
import { EngineError } from '../temporal/engine-error.ts';
import { DemoError } from './demo/errors.ts';
import { runDemo } from './demo/index.ts';

interface Options {
  readonly url?: string;
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly keep?: boolean;
}

const expectedErrors = [DemoError, ConfigError, EngineError, UserError, ListFileError];

/** Creates the command of `npm run demo`. @param files.weatherFile the CSV that one of its tasks summarises. */
export function demoCommand(files: { readonly weatherFile: string }): Command {
  return new Command('npm run demo --')
    .description(
      'Schedules a handful of real tasks and shows them live until all have ended. Uses the service at HOST and PORT ' +
        '(127.0.0.1:8000) if it is up; otherwise starts its own and removes it at the end.',
    )
    .option('--url <url>', 'the address of a running service')
    .option('--user <name>', 'sign in as this user (default: a temporary user, removed at the end)')
    .option('--password-stdin', "read the user's password from standard input")
    .option('--keep', "keep the demo's own service running at the end, to look around; Ctrl-C stops it")
    .showHelpAfterError()
    .action(async (options: Options) => {
      try {
        process.exitCode = await runDemo({ ...options, ...files, config: readConfig() });
      } catch (error) {
        process.exitCode = 1;
        const expected = expectedErrors.some((type) => error instanceof type);
        const text = error instanceof Error ? (expected ? error.message : error.stack) : String(error);
        process.stderr.write(`${text}\n`);
      }
    });
}
