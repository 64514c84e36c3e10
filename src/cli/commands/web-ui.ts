import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { createAction, type Io } from '../../lib/command.ts';
import { serviceErrors } from '../errors.ts';

/** Defines `taskbell web-ui`. */
export function defineWebUi(program: Command, io: Io): void {
  const action = createAction(io, serviceErrors);
  program
    .command('web-ui')
    .description(
      'run the proxy that keeps web pages out of a Temporal Web UI, at HOST and TASKBELL_TEMPORAL_UI_PORT',
    )
    .requiredOption('--target <url>', 'address of the Temporal Web UI, which no browser should reach')
    .action(
      action(async ({ target }: { target: string }) => {
        const config = readConfig();
        const { runWebUi } = await import('../../processes/web-ui.ts');
        await runWebUi(config, target);
      }),
    );
}
