#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { defineDemo } from './command.ts';

const { stdin, stdout, stderr } = process;
const program = new Command('npm run demo --').showHelpAfterError();
defineDemo(
  program,
  { stdin, stdout, stderr },
  { weatherFile: fileURLToPath(new URL('../../examples/weather.csv', import.meta.url)) },
);
await program.parseAsync();
