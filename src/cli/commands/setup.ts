import type { Command } from 'commander';
import { type Config, readConfig } from '../../config.ts';
import { SetupError } from '../../lib/setup-error.ts';
import type { NamespaceFacts } from '../../temporal/namespace.ts';
import { createAction, type Io } from '../../lib/command.ts';
import { serviceErrors } from '../errors.ts';
import { printText } from '../output.ts';

/** Defines `taskbell setup`. */
export function defineSetup(program: Command, io: Io): void {
  const action = createAction(io, serviceErrors);
  program
    .command('setup')
    .description('prepare the namespace of your own Temporal server: retention and search attributes')
    .action(
      action(async () => {
        const config = readConfig();
        const { retentionDays } = await setUpNamespace(config);
        printText(
          io,
          `Namespace ${config.temporal.namespace} is ready; tasks are kept ${retentionDays} days.`,
        );
      }),
    );
}

/**
 * Prepares the namespace of an external Temporal server for Taskbell.
 * @throws {SetupError} when no external server is configured, or it rejects the changes.
 */
async function setUpNamespace({ temporal: { external, namespace } }: Config): Promise<NamespaceFacts> {
  if (external === undefined) {
    throw new SetupError(
      'Nothing to set up: TEMPORAL_ADDRESS is not set, and `taskbell up` prepares its own server.',
    );
  }
  const { connectTemporal } = await import('../../temporal/connect.ts');
  const { ensureNamespace } = await import('../../temporal/namespace.ts');
  const connection = await connectTemporal(external.connectionOptions);
  try {
    return await ensureNamespace(connection, { namespace, create: true });
  } finally {
    await connection.close();
  }
}
