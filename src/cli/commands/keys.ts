import type { Command } from 'commander';
import type { ListedKey } from '../../auth/key-administration.ts';
import { parseExpiry, parseScopes } from '../../auth/new-key.ts';
import { hasIdentityProvider } from '../../config.ts';
import { createAction, type Io } from '../../lib/command.ts';
import { ownCommand } from '../../lib/own-command.ts';
import { UserError } from '../../lib/user-error.ts';
import { administrationErrors } from '../errors.ts';
import { openKeys, recordChange } from '../home-files.ts';
import { printJson, printTable, printText } from '../output.ts';

interface CreateOptions {
  readonly name: string;
  readonly scopes: string;
  readonly expires?: string;
  readonly json?: boolean;
}

const created = `Standard output has the key and nothing else. The key is shown only this once; Taskbell stores only its
SHA-256 hash. A key survives a change of the user's password and always has the user's current role. It is valid until
the user is removed, it expires, or you run \`${ownCommand('keys revoke')}\`.`;

/** Defines `taskbell keys …`. */
export function defineKeys(program: Command, io: Io): void {
  const keys = program
    .command('keys')
    .description('Manage API keys. Running API processes apply changes within seconds.')
    .showHelpAfterError(false);
  for (const define of [defineCreate, defineList, defineRevoke]) define(keys, io);
}

function defineCreate(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('create <user>')
    .description('create a key that acts for a user, and print it')
    .requiredOption('--name <label>', 'what the key is for')
    .option('--scopes <list>', 'read, write or both', 'read,write')
    .option(
      '--expires <when>',
      'a number of days or hours (90d, 12h), or a time (2030-01-31T00:00:00Z); default: never',
    )
    .option('--json', 'print a JSON object {key, prefix, name, user, scopes, created_at, expires_at}')
    .addHelpText('after', `\n${created}`)
    .action(action((user: string, options: CreateOptions) => createKey(io, user, options)));
}

async function createKey(io: Io, user: string, options: CreateOptions): Promise<void> {
  // An identity provider has the accounts, so there are no users here for whom a key could act.
  if (hasIdentityProvider()) {
    throw new UserError(
      'with TASKBELL_JWKS_URL, the identity provider manages the accounts, and API keys are not accepted',
    );
  }
  const expiresAt = options.expires === undefined ? null : parseExpiry(options.expires, Date.now());
  const wanted = { user, label: options.name, scopes: parseScopes(options.scopes), expiresAt };
  const { key, stored } = await openKeys().create(wanted);
  await recordChange(io, { action: 'keys create', user, key: stored.prefix });
  if (options.json) return printJson(io, { key, ...publicFields({ ...stored, user }) });
  printText(io, key);
  io.stderr.write(`Shown only this once. \`${ownCommand(`keys revoke ${stored.prefix}`)}\` revokes it.\n`);
}

function defineList(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('list [user]')
    .description('list the keys of one user, or of all')
    .option('--json', 'print a JSON array of {prefix, name, user, scopes, created_at, expires_at}')
    .action(
      action(async (user: string | undefined, { json = false }: { json?: boolean }) => {
        const all = await openKeys().list(user);
        if (json) printJson(io, all.map(publicFields));
        else if (all.length === 0)
          printText(io, `No keys. \`${ownCommand('keys create USER --name LABEL')}\` creates one.`);
        else printTable(io, columns, all.map(cellsOf));
      }),
    );
}

function defineRevoke(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('revoke <prefix>')
    .description('revoke a key, named by the eight characters between its underscores')
    .action(
      action(async (prefix: string) => {
        const { label } = await openKeys().revoke(prefix);
        await recordChange(io, { action: 'keys revoke', key: prefix });
        printText(io, `Revoked ${prefix} (${label}).`);
      }),
    );
}

function publicFields({ prefix, label, user, scopes, created_at, expires_at }: ListedKey) {
  return { prefix, name: label, user: user ?? null, scopes, created_at, expires_at };
}

const columns = ['PREFIX', 'USER', 'SCOPES', 'CREATED', 'EXPIRES', 'NAME'].map((title) => ({ title }));

function cellsOf({ prefix, user, scopes, created_at, expires_at, label }: ListedKey): string[] {
  return [prefix, user ?? '(removed)', scopes.join(), created_at, expires_at ?? 'never', label];
}
