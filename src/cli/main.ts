#!/usr/bin/env node
import { Command } from 'commander';
import { type Config, ConfigError, readConfig, readHome } from '../config.ts';
import { EngineError } from '../engine/errors.ts';
import { api } from './api.ts';
import { hasParent, notifyFatal } from './parent.ts';
import { setup } from './setup.ts';
import { up } from './up.ts';
import { ensureFirstUser, usersCommand } from './users.ts';
import { worker } from './worker.ts';

/** Runs a command with a checked configuration, and turns what a person can act on into one line and exit code 1. */
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
  const forPeople = error instanceof ConfigError || error instanceof EngineError;
  const message = error instanceof Error ? error.message : String(error);
  if (forPeople && hasParent()) return notifyFatal(message);
  process.stderr.write(`${forPeople ? message : (error instanceof Error && error.stack) || message}\n`);
}

const program = new Command('taskbell')
  .description(
    'Runs a task at a time you name, keeps the promise through crashes, and shows you live what happens.',
  )
  .showHelpAfterError();

program
  .command('up')
  .description('start everything: Temporal (unless TEMPORAL_ADDRESS says where one is), worker and API')
  .action(withConfig((config) => up(config, { firstUser: () => ensureFirstUser(config.home) })));
program.command('api').description('run the HTTP API and the WebSocket feed').action(withConfig(api));
program.command('worker').description('run a worker').action(withConfig(worker));
program
  .command('setup')
  .description('prepare the namespace of your own Temporal server: retention and search attributes')
  .action(
    withConfig(async (config) => {
      const { retentionDays } = await setup(config);
      process.stdout.write(
        `Namespace ${config.temporal.namespace} is ready; tasks are kept ${retentionDays} days.\n`,
      );
    }),
  );
program.addCommand(
  usersCommand({
    home: readHome(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
  }),
);

await program.parseAsync();
