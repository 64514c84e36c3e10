#!/usr/bin/env node
import { Command } from 'commander';
import { type Config, ConfigError, hasIdentityProvider, readConfig, readHome } from '../config.ts';
import { EngineError } from '../temporal/engine-error.ts';
import { keysCommand } from './keys.ts';
import { hasParent, notifyFatal } from './parent.ts';
import { ensureFirstUser, usersCommand } from './users.ts';
import { defineUsersLink } from './users-link.ts';
import { errorMessage } from '../lib/error-message.ts';

// Each command imports only what it needs: `up` starts three processes, and each would pay for all of it.

/** Runs a command with a checked configuration. Errors exit with code 1, in one line if the user can act on them. */
function withConfig(run: (config: Config) => Promise<number | void>) {
  return async (): Promise<void> => {
    try {
      process.exitCode = (await run(readConfig())) ?? 0;
    } catch (error) {
      fail(error);
    }
  };
}

function fail(error: unknown): void {
  process.exitCode = 1;
  const isExpected = error instanceof ConfigError || error instanceof EngineError;
  const message = errorMessage(error);
  if (isExpected && hasParent()) return notifyFatal(message);
  process.stderr.write(`${isExpected ? message : (error instanceof Error && error.stack) || message}\n`);
}

const program = new Command('taskbell')
  .description(
    'Runs each task at the time you set, even if processes crash, and shows you live what is happening.',
  )
  .showHelpAfterError();

program
  .command('up')
  .description('start everything: Temporal (unless TEMPORAL_ADDRESS is set), worker and API')
  .action(
    withConfig(async (config) => {
      const { up } = await import('./up.ts');
      // An identity provider has its own accounts.
      const firstUser = config.identityProvider ? {} : { firstUser: () => ensureFirstUser(config.home) };
      return up(config, firstUser);
    }),
  );
program
  .command('api')
  .description('run the HTTP API and the WebSocket feed')
  .action(withConfig(async (config) => (await import('./api.ts')).api(config)));
program
  .command('worker')
  .description('run a worker')
  .action(withConfig(async (config) => (await import('./worker.ts')).worker(config)));
program
  .command('setup')
  .description('prepare the namespace of your own Temporal server: retention and search attributes')
  .action(
    withConfig(async (config) => {
      const { setup } = await import('./setup.ts');
      const { retentionDays } = await setup(config);
      process.stdout.write(
        `Namespace ${config.temporal.namespace} is ready; tasks are kept ${retentionDays} days.\n`,
      );
    }),
  );
const users = usersCommand({
  home: readHome(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
defineUsersLink(users, { readConfig, stdout: process.stdout });
program.addCommand(users);
program.addCommand(
  keysCommand({
    home: readHome(),
    hasIdentityProvider: hasIdentityProvider(),
    stdout: process.stdout,
    stderr: process.stderr,
  }),
);

await program.parseAsync();
