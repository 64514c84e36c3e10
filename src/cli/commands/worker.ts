import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { createAction, type Io } from '../../lib/command.ts';
import { serviceErrors } from '../errors.ts';

/** Defines `taskbell worker`. */
export function defineWorker(program: Command, io: Io): void {
  const action = createAction(io, serviceErrors);
  program
    .command('worker')
    .description('run a worker')
    .action(
      action(async () => {
        const config = readConfig();
        const { runWorker } = await import('../../processes/worker.ts');
        await runWorker(config);
      }),
    );
}
