import { dirname } from 'node:path';
import type { Command } from 'commander';
import { hasIdentityProvider, readSecretsFile } from '../../config.ts';
import { minMaskedLength } from '../../contract/secret.ts';
import { createAction, type Io } from '../../lib/command.ts';
import { askTwice, readInput } from '../../lib/hidden-input.ts';
import { ownCommand } from '../../lib/own-command.ts';
import { ListFileError } from '../../lib/list-file.ts';
import type { ListedSecret } from '../../secrets/administration.ts';
import { administrationErrors } from '../errors.ts';
import { openSecrets, openUsers, recordChange } from '../home-files.ts';
import { printJson, printTable, printText } from '../output.ts';

interface SetOptions {
  readonly host: string;
  readonly owner: string;
}

/** Maximum size of a value on standard input, in bytes: that of the longest one in UTF-8, and a line break. */
const maxInputBytes = 2 * 8192 + 2;

const reference = `A header of an http-request task can then be {"secret": "NAME"}, with a text before it if needed:
{"secret": "NAME", "prefix": "Bearer "}. Workers put the value in when they send the request. Temporal never has it.`;

/** Defines `taskbell secrets …`. */
export function defineSecrets(program: Command, io: Io): void {
  const secrets = program
    .command('secrets')
    .description('Manage the secrets that tasks can use. Workers apply changes to the next request.')
    .showHelpAfterError(false);
  for (const define of [defineSet, defineList, defineRemove]) define(secrets, io);
}

function defineSet(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('set <name>')
    .description('add a secret, or replace it; reads the value from standard input, or asks for it')
    .requiredOption(
      '--host <list>',
      'where it may be sent: HOST or HOST:PORT, or http://HOST:PORT for plain http; comma-separated',
    )
    .requiredOption('--owner <list>', 'names of the accounts that may use it, comma-separated')
    .addHelpText('after', `\n${reference}`)
    .action(action((name: string, options: SetOptions) => setSecret(io, name, options)));
}

async function setSecret(io: Io, name: string, options: SetOptions): Promise<void> {
  const { stdin, stderr } = io;
  const terms = { name, hosts: listed(options.host), owners: listed(options.owner) };
  const secrets = openSecrets();
  secrets.check(terms);
  const value =
    stdin.isTTY === true
      ? await askTwice(stdin, stderr, 'value')
      : await readInput(stdin, 'value', maxInputBytes);
  const notes = [...(await unknownOwners(terms.owners)), ...lengthNote(value)];
  const { hosts, owners } = await secrets.set({ ...terms, value });
  await record(io, { action: 'secrets set', secret: name, hosts, owners });
  printText(io, `Set ${name}.`);
  for (const note of notes) stderr.write(`Note: ${note}\n`);
}

function listed(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  return [...new Set(items.filter((item) => item !== ''))];
}

/** A wrong name would be noticed only by tasks that fail. Workers on other machines have no users file. */
async function unknownOwners(owners: readonly string[]): Promise<string[]> {
  if (hasIdentityProvider()) return [];
  try {
    const users = await openUsers().list();
    const unknown = owners.filter((owner) => users.every(({ name }) => name !== owner));
    return users.length === 0
      ? []
      : unknown.map((owner) => `there is no user named ${JSON.stringify(owner)}.`);
  } catch (error) {
    if (!(error instanceof ListFileError)) throw error;
    return [`the owners were not checked: ${error.message}.`];
  }
}

function lengthNote(value: string): string[] {
  if (value.length >= minMaskedLength) return [];
  return [`a value of fewer than ${minMaskedLength} characters is not replaced in results, errors and logs.`];
}

function defineList(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('list')
    .description('list the secrets, without their values')
    .option('--json', 'print a JSON array of {name, hosts, owners, set_at}')
    .action(
      action(async ({ json = false }: { json?: boolean }) => {
        const all = await openSecrets().list();
        if (json) printJson(io, all);
        else if (all.length === 0)
          printText(
            io,
            `No secrets. \`${ownCommand('secrets set NAME --host HOST --owner USER')}\` sets one.`,
          );
        else printTable(io, columns, all.map(cellsOf));
      }),
    );
}

function defineRemove(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('remove <name>')
    .description('remove a secret; tasks that use it then fail')
    .action(
      action(async (name: string) => {
        await openSecrets().remove(name);
        await record(io, { action: 'secrets remove', secret: name });
        printText(io, `Removed ${name}.`);
      }),
    );
}

/** Records a change beside the secrets: a worker's machine may have no TASKBELL_HOME. */
function record(io: Io, facts: Parameters<typeof recordChange>[1]): Promise<void> {
  return recordChange(io, facts, dirname(readSecretsFile()));
}

const columns = ['NAME', 'HOSTS', 'OWNERS', 'SET'].map((title) => ({ title }));

function cellsOf({ name, hosts, owners, set_at }: ListedSecret): string[] {
  return [name, hosts.join(), owners.join(), set_at];
}
