#!/usr/bin/env node
import { Command } from 'commander';
import type { Io } from '../lib/command.ts';
import { defineApi } from './commands/api.ts';
import { defineKeys } from './commands/keys.ts';
import { defineSecrets } from './commands/secrets.ts';
import { defineSetup } from './commands/setup.ts';
import { defineUp } from './commands/up.ts';
import { defineUsers } from './commands/users.ts';
import { defineWebUi } from './commands/web-ui.ts';
import { defineWorker } from './commands/worker.ts';

const { stdin, stdout, stderr } = process;
const io: Io = { stdin, stdout, stderr };
const program = new Command('taskbell')
  .description(
    'Runs each task at the time you set, even if processes crash, and shows you live what is happening.',
  )
  .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
  .showHelpAfterError();
const definitions = [
  defineUp,
  defineApi,
  defineWorker,
  defineSetup,
  defineWebUi,
  defineUsers,
  defineKeys,
  defineSecrets,
];
for (const define of definitions) define(program, io);
await program.parseAsync();
