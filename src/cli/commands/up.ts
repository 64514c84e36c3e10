import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { createAction, type Io } from '../../lib/command.ts';
import { executable } from '../../processes/own-build.ts';
import { serviceErrors } from '../errors.ts';

/** Defines `taskbell up`. */
export function defineUp(program: Command, io: Io): void {
  const action = createAction(io, serviceErrors);
  program
    .command('up')
    .description('start everything: Temporal (unless TEMPORAL_ADDRESS is set), worker and API')
    .action(
      action(async () => {
        const config = readConfig();
        // Each command imports only what it needs: `up` starts three processes, and each would pay for all of it.
        const { up } = await import('../../processes/up.ts');
        const { ensureFirstUser } = await import('../../processes/accounts.ts');
        // An identity provider has its own accounts.
        const firstUser = config.identityProvider ? {} : { firstUser: () => ensureFirstUser(config.home) };
        return up(config, { entry: executable, ...firstUser });
      }),
    );
}
