import { randomBytes } from 'node:crypto';
import { Argument, Command } from 'commander';
import { createKeyAdministration, type KeyAdministration } from '../auth/key-administration.ts';
import { askForPassword, type PasswordInput, readPasswordFrom } from '../auth/new-password.ts';
import { keysFilePath, usersFilePath } from '../auth/paths.ts';
import { createUsers, type Users } from '../auth/users.ts';
import { type Role, role, type User } from '../auth/users-file.ts';
import { createActionWrapper, type Reporter } from './reporter.ts';

interface Dependencies {
  /** TASKBELL_HOME. */
  readonly home: string;
  readonly stdin: PasswordInput;
  readonly stdout: NodeJS.WritableStream;
  /** Errors and questions. */
  readonly stderr: NodeJS.WritableStream;
}

const removed = `The user can no longer sign in. Within seconds, running API processes refuse their tokens and API keys,
and close their sockets. Their tasks are kept and still run, visible to admins; cancel the tasks first if they must not
run. A user added later under the same name is a different user: they get none of the tasks, but the same data folder.`;

interface Context {
  readonly users: Users;
  readonly say: (line: string) => void;
  readonly newPassword: (options: PasswordOptions) => Promise<string>;
  readonly keys: KeyAdministration;
  readonly reported: Reporter;
}

interface PasswordOptions {
  readonly passwordStdin?: boolean;
}

const passwordStdinOption = ['--password-stdin', 'read the password from standard input'] as const;

/** Creates the command `taskbell users …`. Errors end the process with code 1 and one line on stderr. */
export function usersCommand({ home, stdin, stdout, stderr }: Dependencies): Command {
  const command = new Command('users')
    .description('Manage the users who may sign in. Running API processes apply changes within seconds.')
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) });
  const context: Context = {
    users: createUsers({ path: usersFilePath(home) }),
    say: (line) => void stdout.write(`${line}\n`),
    newPassword: ({ passwordStdin = false }) =>
      passwordStdin ? readPasswordFrom(stdin) : askForPassword(stdin, stderr),
    keys: createKeyAdministration({ keysFile: keysFilePath(home), usersFile: usersFilePath(home) }),
    reported: createActionWrapper(command),
  };
  for (const define of [defineAdd, defineRemove, defineList, definePasswd, defineRole])
    define(command, context);
  return command;
}

function defineAdd(parent: Command, { users, say, newPassword, reported }: Context): void {
  parent
    .command('add <name>')
    .description('add a user; asks for the password')
    .option(...passwordStdinOption)
    .option('--admin', "allow the user to see and change all users' tasks")
    .action(
      reported(async (name: string, options: PasswordOptions & { admin?: boolean }) => {
        await users.assertFree(name);
        const role = options.admin === true ? 'admin' : 'user';
        await users.add(name, await newPassword(options), role);
        say(`Added ${role} ${name}.`);
      }),
    );
}

function defineRemove(parent: Command, { users, keys, say, reported }: Context): void {
  parent
    .command('remove <name>')
    .description('remove a user; their tasks are kept and still run')
    .addHelpText('after', `\n${removed}`)
    .action(
      reported(async (name: string) => {
        const { id } = await users.remove(name);
        // For tidiness only: a key is already useless once its account no longer exists.
        await keys.revokeAllOf(id);
        say(`Removed ${name}. Their tasks are kept and still run.`);
      }),
    );
}

function defineList(parent: Command, { users, say, reported }: Context): void {
  parent
    .command('list')
    .description('list the users')
    .option('--json', 'print a JSON array of {id, name, role, created_at}')
    .action(
      reported(async ({ json = false }: { json?: boolean }) => {
        const all = await users.list();
        say(json ? JSON.stringify(all.map(publicFields), null, 2) : table(all));
      }),
    );
}

function definePasswd(parent: Command, { users, say, newPassword, reported }: Context): void {
  parent
    .command('passwd <name>')
    .description('set a new password; signs the user out everywhere')
    .option(...passwordStdinOption)
    .action(
      reported(async (name: string, options: PasswordOptions) => {
        await users.assertExists(name);
        await users.changePassword(name, await newPassword(options));
        say(`Changed the password of ${name}.`);
      }),
    );
}

function defineRole(parent: Command, { users, say, reported }: Context): void {
  parent
    .command('role')
    .argument('<name>')
    .addArgument(new Argument('<role>').choices(role.options))
    .description("change a user's role; signs the user out everywhere")
    .action(
      reported(async (name: string, to: Role) => {
        await users.changeRole(name, to);
        say(`${name} has the role ${to}.`);
      }),
    );
}

/**
 * Creates the admin `admin` with a random password if there are no users; otherwise returns null. Only the
 * caller knows the password: print it. If two processes call this at once, only one creates the account.
 * @throws {ListFileError}
 */
export async function ensureFirstUser(home: string): Promise<{ name: 'admin'; password: string } | null> {
  const users = createUsers({ path: usersFilePath(home) });
  if ((await users.list()).length > 0) return null;
  const password = randomBytes(18).toString('base64url');
  return (await users.addFirst('admin', password, 'admin')) ? { name: 'admin', password } : null;
}

function publicFields({ id, name, role, created_at }: User) {
  return { id, name, role, created_at };
}

function table(users: readonly User[]): string {
  if (users.length === 0) return 'No users. `taskbell users add NAME` adds one.';
  const width = Math.max(...users.map((user) => user.name.length), 'NAME'.length);
  const row = (name: string, role: string, created: string) =>
    `${name.padEnd(width)}  ${role.padEnd(5)}  ${created}`;
  const rows = users.map((user) => row(user.name, user.role, user.created_at));
  return [row('NAME', 'ROLE', 'CREATED'), ...rows].join('\n');
}
