import { Argument, type Command } from 'commander';
import { askForPassword, readPasswordFrom } from '../../auth/new-password.ts';
import type { User } from '../../auth/users-file.ts';
import { type AccountRole, accountRole } from '../../contract/account.ts';
import { createAction, type Io } from '../../lib/command.ts';
import { ownCommand } from '../../lib/own-command.ts';
import { administrationErrors } from '../errors.ts';
import { openKeys, openUsers, recordChange } from '../home-files.ts';
import { printJson, printTable, printText } from '../output.ts';
import { defineUsersLink } from './users-link.ts';

interface PasswordOptions {
  readonly passwordStdin?: boolean;
}

const removed = `The user can no longer sign in. Within seconds, running API processes reject their tokens and API keys,
and close their sockets. Their tasks are kept and still run, visible to admins; cancel the tasks first if they must not
run. A user added later under the same name is a different user: they get none of the tasks, but the same data folder.`;

const passwordStdinOption = ['--password-stdin', 'read the password from standard input'] as const;

/** Defines `taskbell users …`. */
export function defineUsers(program: Command, io: Io): void {
  const users = program
    .command('users')
    .description('Manage the users who may sign in. Running API processes apply changes within seconds.')
    .showHelpAfterError(false);
  for (const define of [defineAdd, defineRemove, defineList, definePasswd, defineRole, defineUsersLink])
    define(users, io);
}

function defineAdd(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('add <name>')
    .description('add a user; asks for the password')
    .option(...passwordStdinOption)
    .option('--admin', "allow the user to see and change all users' tasks")
    .action(
      action(async (name: string, options: PasswordOptions & { admin?: boolean }) => {
        const users = openUsers();
        await users.assertFree(name);
        const role = options.admin === true ? 'admin' : 'user';
        await users.add(name, await newPassword(io, options), role);
        await recordChange(io, { action: 'users add', user: name, role });
        printText(io, `Added ${role} ${name}.`);
      }),
    );
}

function defineRemove(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('remove <name>')
    .description('remove a user; their tasks are kept and still run')
    .addHelpText('after', `\n${removed}`)
    .action(
      action(async (name: string) => {
        const { id } = await openUsers().remove(name);
        await recordChange(io, { action: 'users remove', user: name });
        // Not needed for security: a key is already useless once its account no longer exists.
        await openKeys().revokeAllOf(id);
        printText(io, `Removed ${name}. Their tasks are kept and still run.`);
      }),
    );
}

function defineList(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('list')
    .description('list the users')
    .option('--json', 'print a JSON array of {id, name, role, created_at}')
    .action(
      action(async ({ json = false }: { json?: boolean }) => {
        const all = await openUsers().list();
        if (json) printJson(io, all.map(publicFields));
        else if (all.length === 0) printText(io, `No users. \`${ownCommand('users add NAME')}\` adds one.`);
        else printTable(io, columns, all.map(cellsOf));
      }),
    );
}

function definePasswd(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('passwd <name>')
    .description('set a new password; signs the user out everywhere')
    .option(...passwordStdinOption)
    .action(
      action(async (name: string, options: PasswordOptions) => {
        const users = openUsers();
        await users.assertExists(name);
        await users.changePassword(name, await newPassword(io, options));
        await recordChange(io, { action: 'users passwd', user: name });
        printText(io, `Changed the password of ${name}.`);
      }),
    );
}

function defineRole(parent: Command, io: Io): void {
  const action = createAction(io, administrationErrors);
  parent
    .command('role')
    .argument('<name>')
    .addArgument(new Argument('<role>').choices(accountRole.options))
    .description("change a user's role; signs the user out everywhere")
    .action(
      action(async (name: string, to: AccountRole) => {
        await openUsers().changeRole(name, to);
        await recordChange(io, { action: 'users role', user: name, role: to });
        printText(io, `${name} has the role ${to}.`);
      }),
    );
}

function newPassword({ stdin, stderr }: Io, { passwordStdin = false }: PasswordOptions): Promise<string> {
  return passwordStdin ? readPasswordFrom(stdin) : askForPassword(stdin, stderr);
}

function publicFields({ id, name, role, created_at }: User) {
  return { id, name, role, created_at };
}

/** The role column has the width of its longest value, so that it is the same in every list. */
const columns = [{ title: 'NAME' }, { title: 'ROLE', minWidth: 5 }, { title: 'CREATED' }];

function cellsOf({ name, role, created_at }: User): string[] {
  return [name, role, created_at];
}
