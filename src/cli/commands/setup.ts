import { type Command, InvalidArgumentError } from 'commander';
import { type Config, readConfig } from '../../config.ts';
import { retryFor } from '../../lib/wait.ts';
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
    .option('--wait <seconds>', 'how long the server may take until it answers', wholeSeconds, 0)
    .action(
      action(async ({ wait }: { wait: number }) => {
        const config = readConfig();
        const { retentionDays } = await setUpNamespace(config, wait * 1000);
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
async function setUpNamespace(
  { temporal: { external, namespace } }: Config,
  waitMs: number,
): Promise<NamespaceFacts> {
  if (external === undefined) {
    throw new SetupError(
      'Nothing to set up: TEMPORAL_ADDRESS is not set, and `taskbell up` prepares its own server.',
    );
  }
  const { connectTemporal } = await import('../../temporal/connect.ts');
  const { ensureNamespace } = await import('../../temporal/namespace.ts');
  const { connectionOptions } = external;
  const connection = await retryFor(waitMs, () => connectTemporal(connectionOptions));
  try {
    return await ensureNamespace(connection, { namespace, create: true });
  } finally {
    await connection.close();
  }
}

function wholeSeconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of seconds.');
  return Number(text);
}
