import { Command } from 'commander';
import {
  createKeyAdministration,
  type KeyAdministration,
  type ListedKey,
} from '../auth/key-administration.ts';
import { parseExpiry, parseScopes } from '../auth/new-key.ts';
import { keysFilePath, usersFilePath } from '../auth/paths.ts';
import { UserError } from '../auth/users.ts';
import { createActionWrapper, type Reporter } from './reporter.ts';

interface Dependencies {
  /** TASKBELL_HOME. */
  readonly home: string;
  /** Whether an identity provider manages the accounts: then there are no users here for whom a key could act. */
  readonly hasIdentityProvider: boolean;
  readonly stdout: NodeJS.WritableStream;
  /** Errors and notes. */
  readonly stderr: NodeJS.WritableStream;
  readonly now?: () => number;
}

interface Context extends Omit<Required<Dependencies>, 'home'> {
  readonly keys: KeyAdministration;
  readonly say: (line: string) => void;
  readonly reported: Reporter;
}

interface CreateOptions {
  readonly name: string;
  readonly scopes: string;
  readonly expires?: string;
  readonly json?: boolean;
}

const created = `Standard output gets the key and nothing else. It is shown only this once; Taskbell keeps only its
SHA-256. A key survives a change of the user's password and always has the user's current role. It ends when the user
is removed, when it expires, or with \`taskbell keys revoke\`.`;

/** Creates the command `taskbell keys …`. Errors end the process with code 1 and one line on stderr. */
export function keysCommand({ home, now = Date.now, ...given }: Dependencies): Command {
  const { stdout, stderr } = given;
  const command = new Command('keys')
    .description('Manage API keys. Running API processes apply changes within seconds.')
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) });
  const context: Context = {
    ...given,
    now,
    keys: createKeyAdministration({ keysFile: keysFilePath(home), usersFile: usersFilePath(home) }),
    say: (line) => void stdout.write(`${line}\n`),
    reported: createActionWrapper(command),
  };
  for (const define of [defineCreate, defineList, defineRevoke]) define(command, context);
  return command;
}

function defineCreate(parent: Command, context: Context): void {
  const { keys, say, stderr, now } = context;
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
    .action(
      context.reported(async (user: string, options: CreateOptions) => {
        if (context.hasIdentityProvider) {
          throw new UserError(
            'with TASKBELL_JWKS_URL, the identity provider manages the accounts, and API keys are not accepted',
          );
        }
        const expiresAt = options.expires === undefined ? null : parseExpiry(options.expires, now());
        const wanted = { user, label: options.name, scopes: parseScopes(options.scopes), expiresAt };
        const { key, stored } = await keys.create(wanted);
        if (options.json) return say(JSON.stringify({ key, ...publicFields({ ...stored, user }) }, null, 2));
        say(key);
        stderr.write(`Shown only this once. \`taskbell keys revoke ${stored.prefix}\` revokes it.\n`);
      }),
    );
}

function defineList(parent: Command, { keys, say, reported }: Context): void {
  parent
    .command('list [user]')
    .description('list the keys of one user, or of all')
    .option('--json', 'print a JSON array of {prefix, name, user, scopes, created_at, expires_at}')
    .action(
      reported(async (user: string | undefined, { json = false }: { json?: boolean }) => {
        const all = await keys.list(user);
        say(json ? JSON.stringify(all.map(publicFields), null, 2) : table(all));
      }),
    );
}

function defineRevoke(parent: Command, { keys, say, reported }: Context): void {
  parent
    .command('revoke <prefix>')
    .description('revoke a key, named by the eight characters between its underscores')
    .action(
      reported(async (prefix: string) => {
        const { label } = await keys.revoke(prefix);
        say(`Revoked ${prefix} (${label}).`);
      }),
    );
}

function publicFields({ prefix, label, user, scopes, created_at, expires_at }: ListedKey) {
  return { prefix, name: label, user: user ?? null, scopes, created_at, expires_at };
}

function table(keys: readonly ListedKey[]): string {
  if (keys.length === 0) return 'No keys. `taskbell keys create USER --name LABEL` creates one.';
  const rows = keys.map((key) => [
    key.prefix,
    key.user ?? '(removed)',
    key.scopes.join(),
    key.created_at,
    key.expires_at ?? 'never',
    key.label,
  ]);
  const all = [['PREFIX', 'USER', 'SCOPES', 'CREATED', 'EXPIRES', 'NAME'], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
