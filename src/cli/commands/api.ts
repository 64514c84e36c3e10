import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { createAction, type Io } from '../../lib/command.ts';
import { serviceErrors } from '../errors.ts';

/** Defines `taskbell api`. */
export function defineApi(program: Command, io: Io): void {
  const action = createAction(io, serviceErrors);
  program
    .command('api')
    .description('run the HTTP API and the WebSocket feed')
    .action(
      action(async () => {
        const config = readConfig();
        const { runApi } = await import('../../processes/api.ts');
        await runApi(config);
      }),
    );
}
